// A MariaDB of our own for tests: a temporary folder, a free port of 127.0.0.1, gone afterwards.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRoot, needPrograms, which } from '../lib/debian.mjs';
import { endGroup, freePorts, greeting, removeHome, startDetached, watchOver } from '../lib/server.mjs';

export const name = 'MariaDB';
/** The tests' variable; if it is set from outside, that server is used. */
export const variable = 'FENIX_TEST_MYSQL_URL';

/** Only programs: the package mariadb-server would bring a system service along. */
const PACKAGES = ['mariadb-server-core', 'mariadb-client-core'];

/**
 * `stop` ends it for good; `halt(signal)` and `resume` end it and start it again with its data, on the same port.
 * `durable`: what it has committed is there after a SIGKILL. Rejects with a sentence that says why it cannot be.
 */
export async function start({ durable = false } = {}) {
  const [server, installer] = programs();
  const home = mkdtempSync(join(tmpdir(), 'fenix-mariadb-'));
  const data = join(home, 'data');
  const common = ['--no-defaults', `--datadir=${data}`, ...(isRoot ? ['--user=root'] : [])];
  try {
    const made = spawnSync(installer, [...common, '--auth-root-authentication-method=normal', '--skip-test-db'], {
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new Error(`${installer}: ${made.stderr}${made.stdout}`);
    return await run(server, [...common, ...(durable ? [] : FORGETFUL)], home);
  } catch (error) {
    removeHome(home);
    throw error;
  }
}

/** Nothing in it outlives the tests. */
const FORGETFUL = ['--innodb-flush-log-at-trx-commit=0', '--innodb-doublewrite=0'];

async function run(server, common, home) {
  const password = randomBytes(12).toString('hex');
  const init = join(home, 'init.sql');
  const user = "fenix@'127.0.0.1'";
  writeFileSync(init, `CREATE USER IF NOT EXISTS ${user} IDENTIFIED BY '${password}';\nGRANT ALL ON *.* TO ${user};\n`);
  const [port] = await freePorts(1);
  const options = [
    ...common,
    `--init-file=${init}`,
    `--socket=${join(home, 'socket')}`,
    `--pid-file=${join(home, 'pid')}`,
    `--log-error=${join(home, 'log')}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--skip-name-resolve',
    '--skip-log-bin',
    '--innodb-buffer-pool-size=128M',
    '--max-connections=300',
  ];
  const guard = watchOver(home);
  let child;
  const halt = async (signal = 'SIGTERM') => {
    if (child !== undefined) await endGroup(child.child, child.ended, signal);
    child = undefined;
    guard.note([]);
  };
  const resume = async () => {
    child = startDetached(server, options, {});
    guard.note([child]);
    await greeting('mariadbd', port, child.ended);
  };
  const stop = async () => {
    await halt();
    await guard.dismiss();
    removeHome(home);
  };
  try {
    await resume();
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `mysql://fenix:${password}@127.0.0.1:${port}/mysql`, stop, halt, resume };
}

/** Server and installer; installs them if that is possible. */
function programs() {
  const find = () => [which('mariadbd') ?? which('mysqld'), which('mariadb-install-db') ?? which('mysql_install_db')];
  return needPrograms({ find, packages: PACKAGES, variable });
}
