import common from './ava.config.mjs';

/** What "npm run test:versions" runs. */
export default {
  ...common,
  files: ['dist/test/versions/**/*.test.js'],
  timeout: '10m',
};
