import common from './ava.config.mjs';

/** Files of tests that share a process, written by scripts/lib/test-groups.mjs; "npm test" runs one of them per call. */
export default {
  ...common,
  files: ['dist/groups/**/*.test.js'],
  serial: true,
  // One after the other, the next result is a whole test away: on a busy machine a long one takes more than the usual minute.
  timeout: '5m',
};
