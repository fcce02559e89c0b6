/** What "npm test" runs. */
export default {
  files: [
    'dist/test/**/*.test.js',
    ...['openstack', 'crash', 'versions', 'package'].map((suite) => `!dist/test/${suite}/**`),
  ],
  nodeArguments: ['--enable-source-maps'],
  workerThreads: false,
  timeout: '1m',
};
