// npm test: install if needed, build, lint, start what tests need, run them, print "N passed, N failed, N skipped".
// Arguments go to AVA, e.g. npm test -- test/unit/config.test.ts, or npm test -- --match '*lease*'
import { spawn } from 'node:child_process';
import { build, install, root, run } from './lib/prepare.mjs';
import { TapReader } from './lib/tap.mjs';
import * as keystoneauth from './services/keystoneauth.mjs';
import * as mariadb from './services/mariadb.mjs';
import * as osloMessaging from './services/oslo-messaging.mjs';
import * as rabbitmq from './services/rabbitmq.mjs';

/** Servers that tests need besides Node; tests that find no URL in the variable skip themselves. */
const SERVICES = [mariadb, rabbitmq, osloMessaging, keystoneauth];

const isCi = ['true', '1'].includes(process.env.CI ?? '');
const total = { passed: 0, failed: 0, skipped: 0 };
const running = [];
let tests;

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stopBy(signal));

await main();
await Promise.all(running.map((service) => service.stop()));
if (isCi && total.skipped > 0) fail('in CI nothing may be skipped');
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 ? 0 : 1);

async function main() {
  if (!install()) return fail('npm ci failed');
  if (!build()) return fail('the build failed');
  if (!run(process.execPath, ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'])) {
    fail('the linter complains');
  }
  const env = { ...process.env };
  for (const service of SERVICES) {
    const url = env[service.variable] || (await urlOfStarted(service));
    if (url) env[service.variable] = url;
    else delete env[service.variable];
  }
  await runAva(env);
}

function stopBy(signal) {
  fail(`stopped by ${signal}`);
  endTests();
}

function fail(why) {
  total.failed += 1;
  console.log(`✘ ${why}`);
}

/** Its URL; undefined if it cannot be had, which is a failure in CI and makes skipped tests elsewhere. */
async function urlOfStarted(service) {
  try {
    const started = await service.start();
    running.push(started);
    return started.url;
  } catch (error) {
    if (isCi) fail(`no ${service.name}: ${error.message}`);
    else console.log(`! No ${service.name}, tests that need it are skipped: ${error.message}`);
    return undefined;
  }
}

async function runAva(env) {
  const args = process.argv.slice(2).map((arg) => arg.replace(/^(!?)(?:\.\/)?(test\/.*)\.ts$/, '$1dist/$2.js'));
  const reader = new TapReader((line) => console.log(line));
  // A group of its own: should AVA itself die, its test processes can be ended.
  tests = spawn(process.execPath, ['node_modules/ava/entrypoints/cli.mjs', '--tap', ...args], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  tests.stdout.setEncoding('utf8').on('data', (chunk) => reader.write(chunk));
  const status = await new Promise((resolve) => tests.once('close', resolve));
  endTests();
  total.passed += reader.passed;
  total.failed += reader.failed;
  total.skipped += reader.skipped;
  if (!reader.complete) fail('AVA ended early, as it does when a test hangs; "npx ava" names it');
  else if (status !== 0 && reader.failed === 0) fail(`AVA ended with ${status}`);
  else if (reader.passed + reader.failed + reader.skipped === 0) fail('there were no tests');
}

function endTests() {
  if (tests === undefined) return;
  try {
    process.kill(-tests.pid, 'SIGKILL');
  } catch {
    // all have ended
  }
}
