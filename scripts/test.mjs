// npm test: install if needed, build, lint, start what tests need, run them, print "N passed, N failed, N skipped".
// Arguments go to AVA, e.g. npm test -- test/unit/config.test.ts, or npm test -- --match '*lease*'
import { availableParallelism } from 'node:os';
import { root, run } from './lib/prepare.mjs';
import { testGroups } from './lib/test-groups.mjs';
import { isCi, TestRun } from './lib/test-run.mjs';
import * as ansible from './services/ansible.mjs';
import * as dnf from './services/dnf.mjs';
import * as keystoneauth from './services/keystoneauth.mjs';
import * as mariadb from './services/mariadb.mjs';
import * as openssh from './services/openssh.mjs';
import * as osloMessaging from './services/oslo-messaging.mjs';
import * as rabbitmq from './services/rabbitmq.mjs';

/** Servers that tests need besides Node; tests that find no URL in the variable skip themselves. */
const SERVICES = [mariadb, rabbitmq, osloMessaging, keystoneauth, openssh, ansible, dnf];

const tests = new TestRun();
await main();
await tests.close();

async function main() {
  if (!tests.prepare()) return;
  if (!run(process.execPath, ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'])) {
    tests.fail('the linter complains');
  }
  const env = { ...process.env };
  for (const service of SERVICES) {
    const url = env[service.variable] || (await urlOfStarted(service));
    if (url) env[service.variable] = url;
    else delete env[service.variable];
  }
  await runTests(process.argv.slice(2), env);
}

async function runTests(args, env) {
  const calls = testGroups(root, args);
  if (calls === undefined) return tests.ava(args, env);
  return tests.avas(calls, env, Math.max(2, availableParallelism()));
}

/** Its URL; undefined if it cannot be had, which is a failure in CI and makes skipped tests elsewhere. */
async function urlOfStarted(service) {
  try {
    const started = await service.start();
    tests.onEnd(() => started.stop());
    return started.url;
  } catch (error) {
    if (isCi) tests.fail(`no ${service.name}: ${error.message}`);
    else console.log(`! No ${service.name}, tests that need it are skipped: ${error.message}`);
    return undefined;
  }
}
