// npm run test:versions [-- --from REVISION]: builds the release before this one (test/versions/previous.txt names its
// revision) beside this one, and runs both on one MariaDB and RabbitMQ. Closes with "N passed, N failed, N skipped".
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './lib/prepare.mjs';
import { startMissing } from './lib/services.mjs';
import { TestRun } from './lib/test-run.mjs';
import * as mariadb from './services/mariadb.mjs';
import * as rabbitmq from './services/rabbitmq.mjs';

const tests = new TestRun();
await main();
await tests.close();

async function main() {
  let previous;
  try {
    const { values } = parseArgs({ options: { from: { type: 'string' } } });
    if (!tests.prepare()) return;
    const revision = values.from ?? readFileSync(join(root, 'test/versions/previous.txt'), 'utf8').trim();
    previous = mkdtempSync(join(tmpdir(), 'fenix-previous-'));
    tests.onEnd(() => rmSync(previous, { recursive: true, force: true }));
    checkOut(revision, previous);
  } catch (error) {
    return tests.fail(error.message);
  }
  try {
    const servers = await startMissing([mariadb, rabbitmq]);
    tests.onEnd(() => servers.stop());
    const env = { ...servers.env, FENIX_TEST_PREVIOUS: previous };
    await tests.ava(['--config', 'versions.ava.config.mjs'], env);
  } catch (error) {
    tests.fail(`no servers: ${error.message}`);
  }
}

/** The revision, installed and built, in a folder of its own. */
function checkOut(revision, folder) {
  console.log(`The release before is ${revision}.`);
  // A clone that has not the whole history can still ask where it came from.
  if (!has(revision)) run('git', ['fetch', '--quiet', 'origin', revision], root);
  run('git', ['clone', '--quiet', '--shared', '--no-checkout', root, folder], root);
  run('git', ['checkout', '--quiet', '--detach', revision], folder);
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], folder);
  run(process.execPath, ['scripts/build.mjs'], folder);
}

function has(revision) {
  return spawnSync('git', ['cat-file', '-e', `${revision}^{commit}`], { cwd: root, stdio: 'ignore' }).status === 0;
}

function run(program, args, cwd) {
  const { status, error, stderr } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status === 0) return;
  throw new Error(`${program} ${args[0]} failed: ${error?.message ?? stderr.trim()}`);
}
