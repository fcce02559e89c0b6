// A MariaDB of our own for tests: a temporary folder, a free port of 127.0.0.1, gone afterwards.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRoot, needPrograms, which } from '../lib/debian.mjs';
import { endGroup, endOf, freePorts, greeting } from '../lib/server.mjs';

export const name = 'MariaDB';
/** The tests' variable; if it is set from outside, that server is used. */
export const variable = 'FENIX_TEST_MYSQL_URL';

/** Only programs: the package mariadb-server would bring a system service along. */
const PACKAGES = ['mariadb-server-core', 'mariadb-client-core'];

/** @returns {Promise<{ url: string, stop: () => Promise<void> }>} rejects with a sentence that says why it cannot be */
export async function start() {
  const [server, installer] = programs();
  const home = mkdtempSync(join(tmpdir(), 'fenix-mariadb-'));
  const data = join(home, 'data');
  const common = ['--no-defaults', `--datadir=${data}`, ...(isRoot ? ['--user=root'] : [])];
  try {
    const made = spawnSync(installer, [...common, '--auth-root-authentication-method=normal', '--skip-test-db'], {
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new Error(`${installer}: ${made.stderr}${made.stdout}`);
    return await run(server, common, home);
  } catch (error) {
    rmSync(home, { recursive: true, force: true });
    throw error;
  }
}

async function run(server, common, home) {
  const password = randomBytes(12).toString('hex');
  const init = join(home, 'init.sql');
  writeFileSync(
    init,
    `CREATE USER fenix@127.0.0.1 IDENTIFIED BY '${password}';\nGRANT ALL ON *.* TO fenix@127.0.0.1;\n`,
  );
  const [port] = await freePorts(1);
  const child = spawn(
    server,
    [
      ...common,
      `--init-file=${init}`,
      `--socket=${join(home, 'socket')}`,
      `--pid-file=${join(home, 'pid')}`,
      `--log-error=${join(home, 'log')}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      '--skip-name-resolve',
      // Nothing in it outlives the tests.
      '--skip-log-bin',
      '--innodb-flush-log-at-trx-commit=0',
      '--innodb-doublewrite=0',
      '--innodb-buffer-pool-size=128M',
      '--max-connections=300',
    ],
    { stdio: 'ignore', detached: true }, // Ctrl-C is for the tests; we stop it ourselves
  );
  const ended = endOf(child);
  const stop = async () => {
    await endGroup(child, ended);
    rmSync(home, { recursive: true, force: true });
  };
  try {
    await greeting('mariadbd', port, ended);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `mysql://fenix:${password}@127.0.0.1:${port}/mysql`, stop };
}

/** Server and installer; installs them if that is possible. */
function programs() {
  const find = () => [which('mariadbd') ?? which('mysqld'), which('mariadb-install-db') ?? which('mysql_install_db')];
  return needPrograms({ find, packages: PACKAGES, variable });
}
