// A RabbitMQ of our own for tests: a temporary folder, free ports of 127.0.0.1, gone afterwards.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { needPrograms, which } from '../lib/debian.mjs';
import { endGroup, freePorts, greeting, removeHome, startDetached, watchOver } from '../lib/server.mjs';

export const name = 'RabbitMQ';
/** The tests' variable; if it is set from outside, that server is used. */
export const variable = 'FENIX_TEST_AMQP_URL';

const PACKAGES = ['rabbitmq-server'];
const SERVICES = ['rabbitmq-server.service', 'epmd.service', 'epmd.socket'];
const DEBIAN_SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';
/** What a client says first. */
const HELLO = Buffer.from('AMQP\0\0\x09\x01');

/**
 * Starts a broker with an epmd of its own. `tls`: further lines of rabbitmq.conf, among them the certificate's; it then
 * listens with TLS at `tlsPort` as well. `stop` ends it for good; `halt(signal)` and `resume` end it and start it again
 * with its data, on the same ports. `control` runs rabbitmqctl. Rejects with a sentence that says why it cannot be.
 */
export async function start({ tls } = {}) {
  const [server, epmd] = programs();
  const home = mkdtempSync(join(tmpdir(), 'fenix-rabbitmq-'));
  const children = [];
  const guard = watchOver(home);
  const begin = (program, args, env) => {
    children.push(startDetached(program, args, { env, cwd: home }));
    guard.note(children);
    return children.at(-1);
  };
  const stop = async () => {
    for (const { child, ended } of children.splice(0).reverse()) await endGroup(child, ended, 'SIGKILL');
    await guard.dismiss();
    removeHome(home);
  };
  try {
    const [port, distribution, epmdPort, tlsPort] = await freePorts(4);
    const password = randomBytes(12).toString('hex');
    const withTls = tls ? [`listeners.ssl.1 = 127.0.0.1:${tlsPort}`, ...tls] : [];
    writeFileSync(join(home, 'rabbitmq.conf'), [...settings(port, password), ...withTls, ''].join('\n'));
    const env = environment(home, distribution, epmdPort);
    // It must be there first: the broker would start one that outlives it.
    const names = begin(epmd, ['-port', String(epmdPort)], env);
    await greeting('epmd', epmdPort, names.ended, Buffer.from('\0\x01n'));
    const resume = async () => {
      const broker = begin(server, [], env);
      await greeting('rabbitmq-server', port, broker.ended, HELLO);
    };
    const halt = async (signal = 'SIGKILL') => {
      const [broker] = children.splice(1);
      await endGroup(broker.child, broker.ended, signal);
      guard.note(children);
    };
    await resume();
    const control = (...args) => rabbitmqctl(dirname(server), args, env, home);
    const url = `rabbit://fenix:${password}@127.0.0.1:${port}/`;
    return { url, port, tlsPort, password, stop, halt, resume, control };
  } catch (error) {
    await stop();
    throw error;
  }
}

function settings(port, password) {
  return [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    'default_user = fenix',
    `default_pass = ${password}`,
    'disk_free_limit.absolute = 1MB',
    'log.file.level = warning',
  ];
}

/** Everything that would otherwise be looked up in or written to the system's places. */
function environment(home, distribution, epmdPort) {
  mkdirSync(join(home, 'log'));
  writeFileSync(join(home, 'plugins'), '[].\n');
  return {
    PATH: process.env.PATH,
    HOME: home,
    LANG: 'C.UTF-8',
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(epmdPort),
    ERL_CRASH_DUMP: join(home, 'log', 'crash'),
    RABBITMQ_NODENAME: `fenix-${epmdPort}@localhost`,
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: join(home, 'rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(home, 'advanced.config'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'plugins'),
    RABBITMQ_MNESIA_BASE: join(home, 'data'),
    RABBITMQ_SCHEMA_DIR: join(home, 'schema'),
    RABBITMQ_LOG_BASE: join(home, 'log'),
    RABBITMQ_PID_FILE: join(home, 'pid'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
      '+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}',
    // Only the broker, without a shell around it that would have to pass signals on.
    RUNNING_UNDER_SYSTEMD: 'true',
  };
}

function rabbitmqctl(folder, args, env, cwd) {
  return new Promise((resolve, reject) => {
    execFile(join(folder, 'rabbitmqctl'), ['--quiet', ...args], { env, cwd }, (error, stdout, stderr) =>
      error ? reject(new Error(`rabbitmqctl ${args.join(' ')}: ${stderr || error.message}`)) : resolve(stdout),
    );
  });
}

/** Server and epmd; installs them if that is possible. */
function programs() {
  // Debian's wrapper on the PATH would change to another user.
  const server = () => (existsSync(DEBIAN_SERVER) ? DEBIAN_SERVER : which('rabbitmq-server'));
  return needPrograms({ find: () => [server(), which('epmd')], packages: PACKAGES, services: SERVICES, variable });
}
