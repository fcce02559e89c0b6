import common from './ava.config.mjs';

/** What "npm run test:package" runs. */
export default {
  ...common,
  files: ['dist/test/package/**/*.test.js'],
  timeout: '15m',
};
