import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { ini } from '../openstack/cloud/ini.js';
import { aDirectory } from '../support/program.js';
import { freePorts } from '../support/services/rabbitmq.js';
import { copySource, ROOT } from '../support/source.js';

/** Of the package, in a prefix. */
const HOME = 'lib/node_modules/fenix';
const PYTHON = '/usr/bin/python3';
const EXECUTABLES = Object.keys(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).bin);

/** Nothing of ours configures it, and `npm test` is not its parent; who vouches for the registry is the machine's. */
const ENVIRONMENT = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(OS_|npm_|NODE_(?!EXTRA_CA_CERTS$)|INIT_CWD)/.test(name)),
);

async function run(program: string, args: readonly string[], cwd?: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { cwd, env: ENVIRONMENT, maxBuffer: 2 ** 24 });
  return stdout;
}

/** As docs/installation.md says. @returns the prefix in which the package is installed that a fresh clone makes */
async function installed(t: ExecutionContext): Promise<string> {
  const directory = aDirectory(t);
  const source = join(directory, 'source');
  copySource(source);
  symlinkSync(join(ROOT, 'node_modules'), join(source, 'node_modules'));
  await run('npm', ['pack', '--pack-destination', directory, '--loglevel=error'], source);
  t.false(existsSync(join(source, 'npm-shrinkwrap.json')), 'nothing is left behind');
  const [tarball = ''] = readdirSync(directory).filter((name) => name.endsWith('.tgz'));
  const prefix = join(directory, 'prefix');
  const options = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', ['install', '--global', '--prefix', prefix, ...options, join(directory, tarball)]);
  await run('npm', ['ci', '--omit=dev', ...options], join(prefix, HOME));
  return prefix;
}

test('the package installs into an empty prefix with the tested dependencies, and runs as a unit does', async (t) => {
  const prefix = await installed(t);
  const home = join(prefix, HOME);
  t.deepEqual(readdirSync(join(prefix, 'bin')).sort(), EXECUTABLES.sort());
  t.false(existsSync(join(home, 'dist/test')));
  t.true(['docs', 'devstack', 'etc', 'README.md', 'LICENSE'].every((name) => existsSync(join(home, name))));
  isAsLocked(t, home);
  for (const name of EXECUTABLES) t.regex(await run(join(prefix, 'bin', name), ['--version']), /^\d+\.\d+\.\d+\n$/);

  await unitsFit(t, prefix);

  const etc = join(prefix, 'etc');
  mkdirSync(etc);
  const [port = 0] = await freePorts(1);
  const config = join(etc, 'fenix.conf');
  const address = `http://127.0.0.1:${port}`;
  writeFileSync(
    config,
    ini({
      DEFAULT: { port, public_url: `${address}/v1`, transport_url: 'memory://' },
      database: { connection: `sqlite://${join(prefix, 'fenix.sqlite')}` },
      keystone_authtoken: {
        auth_url: 'http://127.0.0.1:1/v3',
        username: 'fenix',
        password: 'x',
        project_name: 'service',
      },
    }),
  );
  const manage = (...args: string[]) => run(join(prefix, 'bin/fenix-manage'), [...args, '--config-file', config]);
  t.regex(await manage('db', 'upgrade'), /schema migration\(s\) run/);
  t.regex(await manage('plugin', 'list'), /LIVE_MIGRATE/);

  const socket = join(etc, 'notify');
  const heard = await listener(t, socket);
  const api = spawn(join(prefix, 'bin/fenix-api'), ['--config-file', config], {
    env: { ...ENVIRONMENT, NOTIFY_SOCKET: socket, WATCHDOG_USEC: '120000000' },
    stdio: 'inherit',
  });
  t.teardown(() => api.kill('SIGKILL'));
  t.is(await heard(), 'READY=1');
  t.is((await fetch(`${address}/healthcheck`)).status, 200);
  t.is(await heard(), 'WATCHDOG=1');
  const ended = once(api, 'exit');
  api.kill('SIGTERM');
  t.is(await heard(), 'STOPPING=1');
  t.deepEqual(await ended, [0, null]);
});

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version: string; readonly dev?: boolean }>>;
}

/** Every dependency has the version of the lock file, and none is only for development. */
function isAsLocked(t: ExecutionContext, home: string): void {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock;
  const there = Object.entries(packages).filter(
    ([path]) => path !== '' && existsSync(join(home, path, 'package.json')),
  );
  t.true(there.length > 50);
  const versionOf = (path: string) => JSON.parse(readFileSync(join(home, path, 'package.json'), 'utf8')).version;
  t.deepEqual(
    there.filter(([path, { version, dev }]) => dev === true || version !== versionOf(path)),
    [],
  );
}

/** By systemd itself, the executables being where they were installed. */
async function unitsFit(t: ExecutionContext, prefix: string): Promise<void> {
  const folder = aDirectory(t);
  cpSync(join(prefix, HOME, 'etc/systemd'), folder, { recursive: true });
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.service'))) {
    const unit = join(folder, name);
    writeFileSync(unit, readFileSync(unit, 'utf8').replaceAll('/opt/fenix/', `${prefix}/`));
    const { stderr } = await promisify(execFile)('systemd-analyze', ['verify', '--man=no', unit]);
    t.is(stderr, '');
  }
}

/** Listens as systemd does. @returns what waits for the next thing that is said */
async function listener(t: ExecutionContext, socket: string): Promise<() => Promise<string>> {
  const script = join(ROOT, 'test/package/notified.py');
  const child = spawn(PYTHON, [script, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error('the listener ended');
      // systemd-notify waits until its words were read.
      if (!/^BARRIER=1$/.test(value)) return value;
    }
  };
  t.is(await next(), 'bound');
  return next;
}
