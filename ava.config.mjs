/** What "npm test" runs. */
export default {
  files: ['dist/test/**/*.test.js', '!dist/test/openstack/**', '!dist/test/crash/**'],
  nodeArguments: ['--enable-source-maps'],
  workerThreads: false,
  timeout: '1m',
};
