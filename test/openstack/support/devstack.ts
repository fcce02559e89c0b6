import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import { FenixClient } from '../../../src/client/index.js';
import { freePorts } from '../../support/services/rabbitmq.js';
import { copySource, ROOT } from '../../support/source.js';
import type { TestCloud } from '../cloud/cloud.js';
import { Processes } from '../cloud/processes.js';
import { authUrl, folders, PASSWORD, REGION } from '../cloud/settings.js';

const SCRIPTS = join(ROOT, 'test/openstack/devstack');

/** A phase installs and builds, on a machine that may have other things to do. */
const PATIENCE_MS = 900_000;

const PHASE = 'devstack-phase';

/** In the order in which stack.sh comes to them. */
const STACK_PHASES = ['pre-install', 'install', 'post-config', 'extra', 'test-config'];

/** A DevStack of stand-ins on the test cloud, whose only plugin is ours; its machine has a Node.js that is too old. */
export class DevStack {
  readonly database = 'fenix';
  readonly client: FenixClient;

  private constructor(
    readonly url: string,
    private readonly env: Readonly<Record<string, string>>,
    private readonly processes: Processes,
    /** A copy of the source, as DevStack clones it. */
    readonly source: string,
  ) {
    this.client = new FenixClient({ url, token: () => this.token() });
  }

  private token: () => Promise<string> = async () => '';

  static async prepare(t: ExecutionContext, cloud: TestCloud): Promise<DevStack> {
    const { home, mysqlUrl, transportUrl } = cloud.settings;
    const dest = join(home, 'devstack');
    const source = join(dest, 'fenix');
    copySource(source);
    const [port = 0] = await freePorts(1);
    const { username, password, hostname, port: mysqlPort } = new URL(mysqlUrl);
    const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith('OS_'));
    const env = {
      ...(Object.fromEntries(inherited) as Record<string, string>),
      PATH: [oldNode(dest), '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(delimiter),
      PLUGIN_DIR: join(source, 'devstack'),
      STAND_IN: fileURLToPath(new URL('../devstack/stand-in.js', import.meta.url)),
      STAND_IN_NODE: process.execPath,
      ENABLED_SERVICES: 'key,mysql,rabbit,n-api,placement-api,aodh-api,aodh-listener,ceilometer-anotification',
      DEST: dest,
      DATA_DIR: join(dest, 'data'),
      STACK_USER: userInfo().username,
      SERVICE_HOST: '127.0.0.1',
      SERVICE_LISTEN_ADDRESS: '127.0.0.1',
      SERVICE_TIMEOUT: '120',
      SERVICE_PASSWORD: PASSWORD,
      SERVICE_PROJECT_NAME: 'service',
      SERVICE_DOMAIN_NAME: 'Default',
      ADMIN_PASSWORD: PASSWORD,
      REGION_NAME: REGION,
      KEYSTONE_SERVICE_URI: authUrl(cloud.settings),
      TRANSPORT_URL: transportUrl,
      ENABLE_DEBUG_LOG_LEVEL: 'True',
      DATABASE_USER: username,
      DATABASE_PASSWORD: password,
      DATABASE_HOST: hostname,
      MYSQL_TCP_PORT: mysqlPort,
      CEILOMETER_CONF_DIR: folders(home).etc,
      FENIX_CONF_DIR: join(dest, 'etc/fenix'),
      FENIX_SERVICE_PORT: String(port),
      ...nodeSite(dest),
    };
    const devstack = new DevStack(`http://127.0.0.1:${port}/v1`, env, new Processes(home, {}), source);
    devstack.token = () => cloud.admin.token();
    t.teardown(async () => {
      // Whatever a failure left.
      await devstack.processes.stop([PHASE]);
      if (!existsSync(devstack.path('DEST'))) return;
      await devstack.unstack().catch(() => undefined);
      await devstack.clean().catch(() => undefined);
    });
    return devstack;
  }

  /** A path that the plugin was given. */
  path(name: 'DATA_DIR' | 'DEST' | 'FENIX_CONF_DIR' | 'CEILOMETER_CONF_DIR'): string {
    return this.env[name] ?? '';
  }

  /** @returns what the phases said */
  async stack(): Promise<string> {
    let said = '';
    for (const phase of STACK_PHASES) said += await this.call('stack', phase);
    return said;
  }

  unstack(): Promise<string> {
    return this.call('unstack');
  }

  clean(): Promise<string> {
    return this.call('clean');
  }

  /** Ends with the cloud at the latest, npm and all. @throws Error with all that was said, if it does not end well */
  async call(...args: string[]): Promise<string> {
    const argv = ['bash', join(SCRIPTS, 'phase.sh'), ...args] as const;
    const { code, said } = await this.processes.toEnd(PHASE, { argv, env: this.env }, PATIENCE_MS);
    if (code !== 0) throw new Error(`plugin.sh ${args.join(' ')} ended with ${code}:\n${said.slice(-4000)}`);
    return said;
  }
}

/** The folder of a Node.js like that of an older distribution. */
function oldNode(dest: string): string {
  const bin = join(dest, 'old/bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'node'), '#!/bin/sh\necho v18.20.4\n', { mode: 0o755 });
  return bin;
}

/** Settings for a site that offers this process's own Node.js. */
function nodeSite(dest: string): Record<string, string> {
  const version = process.versions.node;
  const site = join(dest, 'site');
  const folder = join(site, `v${version}`);
  mkdirSync(folder, { recursive: true });
  const file = `node-v${version}-linux-${process.arch}.tar.xz`;
  // tar looks at the content, not at the name, for how it is packed.
  execFileSync('tar', [
    ...['-cf', join(folder, file), '--transform', 's,^,node/,S', '-C', dirname(dirname(process.execPath))],
    ...['bin/node', 'bin/npm', 'lib/node_modules/npm'],
  ]);
  const sums = execFileSync('sha256sum', [file], { cwd: folder, encoding: 'utf8' });
  writeFileSync(join(folder, 'SHASUMS256.txt'), `${'0'.repeat(64)}  node-v${version}.pkg\n${sums}`);
  return { FENIX_NODE_SITE: `file://${site}`, FENIX_NODE_VERSION: version };
}
