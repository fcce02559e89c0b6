// A MariaDB of our own for tests: a temporary folder, a free port of 127.0.0.1, gone afterwards.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

export const name = 'MariaDB';
/** The tests' variable; if it is set from outside, that server is used. */
export const variable = 'FENIX_TEST_MYSQL_URL';

const isRoot = process.getuid?.() === 0;
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
  const port = await freePort();
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
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    const limit = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(limit);
    rmSync(home, { recursive: true, force: true });
  };
  try {
    await greeting(port, ended);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `mysql://fenix:${password}@127.0.0.1:${port}/mysql`, stop };
}

/** Server and installer; installs them if that is possible. */
function programs() {
  const find = () => [which('mariadbd') ?? which('mysqld'), which('mariadb-install-db') ?? which('mysql_install_db')];
  if (find().every(Boolean)) return find();
  if (!isRoot || which('apt-get') === undefined) {
    throw new Error(`mariadbd is not installed; install ${PACKAGES.join(' and ')}, or set ${variable}`);
  }
  const apt = (...args) =>
    spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...args], {
      stdio: ['ignore', 2, 2],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  const isInstalled = () => apt('install', '-y', '--no-install-recommends', ...PACKAGES);
  // Old package lists name versions that are no longer offered.
  if (!isInstalled() && !(apt('update') && isInstalled()))
    throw new Error(`${PACKAGES.join(', ')} cannot be installed`);
  return find();
}

function which(program) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/usr/libexec'];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Waits until the server greets, at most a minute. */
async function greeting(port, ended) {
  let over = false;
  const end = ended.then(() => {
    over = true;
  });
  for (const limit = performance.now() + 60_000; !over && performance.now() < limit; ) {
    if (await greets(port)) return;
    await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  throw new Error(over ? 'mariadbd ended at once' : 'mariadbd did not greet within a minute');
}

function greets(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (yes) => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('data', () => answer(true));
    socket.once('error', () => answer(false));
    socket.once('close', () => answer(false));
  });
}
