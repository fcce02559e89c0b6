import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const SERVICE_NAMES = [
  'keystone',
  'placement',
  'glance',
  'neutron',
  'nova',
  'aodh',
  'ceilometer',
  'heat',
] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

/** What is chosen for one bring-up; all else follows from it. */
export interface CloudSettings {
  /** Absolute path of the folder that has everything: configuration, logs, pids, images, sockets. */
  readonly home: string;
  /** A server on which databases may be made, `mysql://user:password@host:port/…`. */
  readonly mysqlUrl: string;
  /** As oslo.messaging writes it. */
  readonly transportUrl: string;
  /** At which each service listens on 127.0.0.1 (one that has no API does not). */
  readonly ports: Readonly<Record<ServiceName, number>>;
  /** Names of the compute hosts. */
  readonly computes: readonly string[];
  /** Compute hosts that do not run until a test adds them. */
  readonly spares: readonly string[];
  /** Of each compute host, none of them overcommitted. */
  readonly vcpus: number;
}

export const REGION = 'RegionOne';
/** Of all users: nobody but this machine reaches the cloud. */
export const PASSWORD = 'secret';

/** Python files that the services load. */
export const PYTHON_FOLDER = fileURLToPath(new URL('../../../../test/openstack/cloud/python', import.meta.url));
/** The project's own configuration samples. */
export const ETC_FOLDER = fileURLToPath(new URL('../../../../etc/fenix', import.meta.url));

const FILE = 'cloud.json';

export function saveSettings(settings: CloudSettings): void {
  writeFileSync(join(settings.home, FILE), JSON.stringify(settings, null, 2));
}

export function loadSettings(home: string): CloudSettings {
  return JSON.parse(readFileSync(join(home, FILE), 'utf8')) as CloudSettings;
}

export function folders(home: string) {
  return {
    etc: join(home, 'etc'),
    log: join(home, 'log'),
    run: join(home, 'run'),
    lock: join(home, 'lock'),
    python: join(home, 'python'),
    fakeHost: join(home, 'fake-host'),
  };
}

export function urlOf({ ports }: CloudSettings, service: ServiceName): string {
  return `http://127.0.0.1:${ports[service]}`;
}

export function authUrl(settings: CloudSettings): string {
  return `${urlOf(settings, 'keystone')}/v3`;
}

/** As SQLAlchemy writes it. */
export function databaseUrl({ mysqlUrl }: CloudSettings, name: string): string {
  const { username, password, host } = new URL(mysqlUrl);
  return `mysql+pymysql://${username}:${password}@${host}/${name}?charset=utf8`;
}
