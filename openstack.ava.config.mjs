import common from './ava.config.mjs';

/** What "npm run test:openstack" runs: one story after the other, as they share a cloud. */
export default {
  ...common,
  files: ['dist/test/contract/openstack.test.js', 'dist/test/openstack/**/*.test.js'],
  serial: true,
  concurrency: 1,
  timeout: '20m',
};
