/** What "npm test" runs. */
export default {
  files: ['dist/test/**/*.test.js', '!dist/test/openstack/**', '!dist/test/crash/**', '!dist/test/versions/**'],
  nodeArguments: ['--enable-source-maps'],
  workerThreads: false,
  timeout: '1m',
};
