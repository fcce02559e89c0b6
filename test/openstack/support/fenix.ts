import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import mysql from 'mysql2/promise';
import { FenixClient } from '../../../src/client/index.js';
import type { Options } from '../../support/installation.js';
import { asEnvironment, Program } from '../../support/program.js';
import { freePorts } from '../../support/services/rabbitmq.js';
import { becomes } from '../cloud/becomes.js';
import type { TestCloud } from '../cloud/cloud.js';
import { ini } from '../cloud/ini.js';
import { authUrl, databaseUrl, PASSWORD } from '../cloud/settings.js';

/** A line of `fenix-manage status check`. */
export interface Finding {
  readonly name: string;
  readonly result: 'Success' | 'Warning' | 'Failure';
  readonly details: string;
}

/** Which the policies of the cloud let do what Fenix needs, and no more (etc/fenix/rights). */
const SERVICE_ROLE = 'fenix';

/** Fenix on the cloud, installed as an operator does it: files, database, registration, an API and an engine. */
export class Fenix {
  /** As the cloud's admin. */
  readonly client: FenixClient;
  private engine: Program | undefined;
  private engines = 0;

  private constructor(
    private readonly t: ExecutionContext,
    private readonly cloud: TestCloud,
    /** As the cloud's server calls it. */
    readonly database: string,
    private readonly files: readonly string[],
    /** Up to and including /v1. */
    readonly url: string,
  ) {
    this.client = new FenixClient({ url, token: () => cloud.admin.token() });
  }

  /** Everything of it ends with the test. */
  static async install(t: ExecutionContext, cloud: TestCloud): Promise<Fenix> {
    const fenix = await Fenix.registered(t, cloud);
    await fenix.manage('db', 'upgrade');
    const api = fenix.run('api', 'fenix-api');
    await api.says(/"API listens"/);
    await fenix.startEngine();
    return fenix;
  }

  /** Its users and its place in the catalog alone, with files and an empty database. */
  static async registered(t: ExecutionContext, cloud: TestCloud): Promise<Fenix> {
    const database = await createDatabase(t, cloud);
    const [port = 0] = await freePorts(1);
    const url = `http://127.0.0.1:${port}/v1`;
    const files = writeFiles(cloud, { database, port, url });
    const fenix = new Fenix(t, cloud, database, files, url);
    await fenix.register();
    return fenix;
  }

  register(): Promise<string> {
    return this.manage('register', '--role', SERVICE_ROLE);
  }

  async startEngine(): Promise<void> {
    this.engines += 1;
    this.engine = this.run('engine', `fenix-engine-${this.engines}`);
    await becomes(async () => (await this.client.health()).checks.engines.ok, 'an engine alive');
  }

  /** As a power failure does. */
  async killEngine(): Promise<void> {
    this.engine?.kill('SIGKILL');
    await this.engine?.ended;
  }

  /** Runs fenix-manage to its end. @returns what it says @throws Error where it does not end well */
  async manage(...args: string[]): Promise<string> {
    const program = new Program(this.t, 'manage', [...args, ...this.configuration], this.admin);
    if ((await program.ended) !== 0)
      throw new Error(`fenix-manage ${args.join(' ')}: ${program.stderr}${program.stdout}`);
    return program.stdout;
  }

  /**
   * What `fenix-manage status check` finds with other options than the installation has.
   * @param changes by section; those of `args` are the command's own
   */
  async check(changes: Options = {}, ...args: string[]): Promise<{ code: number | string; findings: Finding[] }> {
    const command = ['status', 'check', '--json', ...args, ...this.configuration];
    const program = new Program(this.t, 'manage', command, asEnvironment(changes));
    const code = await program.ended;
    return { code, findings: JSON.parse(program.stdout) as Finding[] };
  }

  /** Whom register and Python's clients act as. */
  get admin(): Record<string, string> {
    return {
      OS_AUTH_URL: authUrl(this.cloud.settings),
      OS_USERNAME: 'admin',
      OS_PASSWORD: PASSWORD,
      OS_PROJECT_NAME: 'admin',
      OS_USER_DOMAIN_NAME: 'Default',
      OS_PROJECT_DOMAIN_NAME: 'Default',
    };
  }

  private get configuration(): string[] {
    return this.files.flatMap((file) => ['--config-file', file]);
  }

  private run(name: 'api' | 'engine', log: string): Program {
    const program = new Program(this.t, name, this.configuration);
    this.t.teardown(() => writeFileSync(join(this.cloud.logFolder, `${log}.log`), program.stderr));
    return program;
  }
}

async function createDatabase(t: ExecutionContext, { settings }: TestCloud): Promise<string> {
  const name = `fenix_${Date.now()}`;
  const connection = await mysql.createConnection(settings.mysqlUrl);
  t.teardown(async () => {
    await connection.query(`DROP DATABASE ${name}`);
    await connection.end();
  });
  await connection.query(`CREATE DATABASE ${name}`);
  return name;
}

/** fenix.conf and fenix-api.conf. */
function writeFiles({ settings }: TestCloud, own: { database: string; port: number; url: string }): string[] {
  const keystone = authUrl(settings);
  const texts = {
    'fenix.conf': ini({
      DEFAULT: {
        transport_url: settings.transportUrl,
        host: '127.0.0.1',
        port: own.port,
        public_url: own.url,
        log_format: 'json',
        workflow_project: 'admin',
      },
      database: { connection: databaseUrl(settings, own.database) },
      service_user: {
        os_auth_url: keystone,
        os_username: 'fenix',
        os_password: PASSWORD,
        os_project_name: 'service',
      },
      engine: { cloud_poll_interval: 1 },
    }),
    'fenix-api.conf': ini({
      keystone_authtoken: { auth_url: keystone, username: 'fenix', password: PASSWORD, project_name: 'service' },
    }),
  };
  return Object.entries(texts).map(([name, text]) => {
    const file = join(settings.home, 'etc', name);
    writeFileSync(file, text);
    return file;
  });
}
