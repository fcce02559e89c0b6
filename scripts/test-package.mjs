// npm run test:package: what is delivered besides the code: shell scripts, units, samples for other programs, and the npm
// package, made, installed elsewhere and run. Needs programs of Debian's, which it installs as root, and npm's registry or
// cache. Closes with "N passed, N failed, N skipped". Arguments go to AVA.
import { needPrograms, which } from './lib/debian.mjs';
import { TestRun } from './lib/test-run.mjs';

const PACKAGES = {
  shellcheck: 'shellcheck',
  bashate: 'python3-bashate',
  'systemd-analyze': 'systemd',
  'systemd-notify': 'systemd',
  haproxy: 'haproxy',
  logrotate: 'logrotate',
};

const tests = new TestRun();
await main();
await tests.close();

async function main() {
  if (!tests.prepare()) return;
  try {
    needPrograms({
      find: () => Object.keys(PACKAGES).map(which),
      packages: [...new Set(Object.values(PACKAGES))],
      services: ['haproxy.service'],
      variable: 'PATH so that they are found',
    });
  } catch (error) {
    return tests.fail(error.message);
  }
  await tests.ava(['--config', 'package.ava.config.mjs', ...process.argv.slice(2)], process.env);
}
