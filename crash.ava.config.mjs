import common from './ava.config.mjs';

/** What "npm run test:crash" runs: two scenarios at a time, each a process with children. */
export default {
  ...common,
  files: ['dist/test/crash/**/*.test.js'],
  concurrency: 2,
  timeout: '60m',
};
