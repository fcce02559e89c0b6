import { join } from 'node:path';
import type { IniSections } from '../ini.js';
import type { Command } from '../processes.js';
import {
  authUrl,
  type CloudSettings,
  databaseUrl,
  ETC_FOLDER,
  folders,
  PASSWORD,
  PYTHON_FOLDER,
  REGION,
  type ServiceName,
  urlOf,
} from '../settings.js';

/** One OpenStack service: what it is configured with, how its schema is made, and what runs. */
export interface Service {
  readonly name: ServiceName;
  readonly databases: readonly string[];
  /** Content by path below the cloud's folder. */
  readonly files: Readonly<Record<string, string>>;
  /** In this order, each to its end. */
  readonly schema: readonly Command[];
  readonly processes: Readonly<Record<string, Command>>;
  /** Its entries in Keystone's catalog, with what follows its address. */
  readonly catalog: readonly { readonly type: string; readonly path: string }[];
  /** RPC queues that somebody must consume before it is of use. */
  readonly queues: readonly string[];
}

export type ServiceOf = (settings: CloudSettings) => Service;

const SYSTEM_PYTHON = '/usr/bin/python3';

/** What the console script of that name does. */
export function python(name: string, module: string, main: string, ...args: string[]): Command {
  return { argv: [SYSTEM_PYTHON, join(PYTHON_FOLDER, 'launch.py'), name, module, main, ...args] };
}

/**
 * A WSGI application. Without threads of uwsgi's: oslo.log puts locks of eventlet into logging, and a threaded Keystone
 * then hangs for good under requests at the same time.
 */
export function wsgi(settings: CloudSettings, service: ServiceName, file: string, processes = 1): Command {
  const options = [
    ...['--plugin', 'python3', '--wsgi-file', file, '--http-socket', new URL(urlOf(settings, service)).host],
    ...['--master', '--processes', String(processes), '--enable-threads', '--need-app', '--die-on-term'],
    ...['--log-format', 'request %(tmsecs) %(msecs) %(uagent) %(method) %(uri) %(status)'],
    ...['--buffer-size', '65535', '--add-header', 'Connection: close', '--procname', service],
  ];
  return { argv: ['/usr/bin/uwsgi', ...options] };
}

export function etcFile({ home }: CloudSettings, name: string): string {
  return join(folders(home).etc, name);
}

/** What etc/fenix gives operators, for a service user that is no admin. */
export function policy(name: ServiceName): IniSections {
  return { oslo_policy: { policy_file: join(ETC_FOLDER, 'rights', `${name}.yaml`) } };
}

/** How services know each other: one user for all of them. */
export function credentials(settings: CloudSettings) {
  return {
    auth_type: 'password',
    auth_url: authUrl(settings),
    username: 'openstack',
    password: PASSWORD,
    user_domain_id: 'default',
  };
}

export function serviceCredentials(settings: CloudSettings) {
  return { ...credentials(settings), project_name: 'service', project_domain_id: 'default', region_name: REGION };
}

export function authtoken(settings: CloudSettings): IniSections {
  const uri = { www_authenticate_uri: urlOf(settings, 'keystone') };
  return { keystone_authtoken: { ...serviceCredentials(settings), ...uri } };
}

/** What every service that has a database and talks over RabbitMQ begins its configuration with. */
export function common(settings: CloudSettings, database: string): IniSections {
  return {
    database: { connection: databaseUrl(settings, database), max_pool_size: 5 },
    oslo_concurrency: { lock_path: folders(settings.home).lock },
    oslo_messaging_rabbit: { heartbeat_in_pthread: false },
    DEFAULT: { transport_url: settings.transportUrl, state_path: join(settings.home, database) },
  };
}
