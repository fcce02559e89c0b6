import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { type DependencyContainer, container as root } from 'tsyringe';
import { FenixClient } from '../../client/index.js';
import { ScaledClock } from '../../common/clock.js';
import { FenixError } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
import { loadConfig, type MysqlTarget, parseDatabaseUrl, type Values } from '../../config/index.js';
import { Database } from '../../db/database.js';
import { SchemaMigrator } from '../../db/migrator.js';
import { startSimulator, type Topology } from '../../simulator/index.js';
import { ceilometer } from '../ceilometer.js';
import { adminOf, operatorOptions } from '../simulated.js';
import { registerCore } from '../wiring/core.js';
import { brokerComponent, registerMessaging, shared } from '../wiring/messaging.js';
import { startBalancer } from './balancer.js';
import type { DemoOptions } from './options.js';
import { ServiceProcess } from './service-process.js';
import type { RunningDemo } from './system.js';

export type DistributedOptions = Pick<DemoOptions, 'speed' | 'dialect' | 'engines' | 'apis' | 'log'>;

export interface DistributedDemo extends RunningDemo {
  readonly engines: readonly ServiceProcess[];
  /** One more engine, by the name of its host. */
  startEngine(host: string): Promise<ServiceProcess>;
}

/** Domain seconds per second that processes on a small machine keep up with. */
const SPEED = 20;

/** Addresses of the servers that scripts/demo.mjs found or started. */
const DATABASE_URL = 'FENIX_TEST_MYSQL_URL';
const BROKER_URL = 'FENIX_TEST_AMQP_URL';

/**
 * APIs and engines as processes of their own, on MariaDB and RabbitMQ; the simulated cloud with its managers, and its
 * Ceilometer, in this one.
 */
export async function startDistributed(
  options: DistributedOptions,
  topology: Topology,
  log: Logger,
): Promise<DistributedDemo> {
  // What is up, to be ended in reverse order.
  const up: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of up.splice(0).reverse()) await end();
  };
  try {
    return { ...(await start(options, topology, log, up)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  { speed = SPEED, dialect, engines, apis, log: logFile }: DistributedOptions,
  topology: Topology,
  log: Logger,
  up: (() => Promise<void>)[],
): Promise<Omit<DistributedDemo, 'stop'>> {
  const origin = new Date();
  const clock = new ScaledClock(speed, origin.getTime());
  const transportUrl = needed(BROKER_URL);
  const { connection, database } = await makeDatabase(up);
  const simulator = await startSimulator({ topology, clock, logger: log });
  up.push(() => simulator.stop());
  const child = await connectBroker(transportUrl, log, up);
  const { broker, topology: queues } = shared(child);
  const listener = ceilometer(simulator, { broker, topology: queues }, log);
  await listener.start();
  up.push(() => listener.stop());

  const given: Values = {
    ...operatorOptions(simulator),
    database: { connection },
    engine: { clock_speed: speed, clock_origin: origin.toISOString() },
  };
  const common = { ...given.DEFAULT, transport_url: transportUrl, log_format: 'json' };
  const services: ServiceProcess[] = [];
  const logStream = logFile === undefined ? undefined : createWriteStream(logFile, { flags: 'a' });
  const launch = (name: 'api' | 'engine', values: Values): ServiceProcess => {
    const service = new ServiceProcess(name, values, logStream);
    services.push(service);
    up.push(() => service.stop());
    return service;
  };
  const listening = await Promise.all(
    Array.from({ length: apis }, () => launch('api', { ...given, DEFAULT: common }).says('API listens')),
  );
  const balancer = await startBalancer(listening.map(({ url }) => Number(new URL(url ?? '').port)));
  up.push(() => balancer.stop());
  const apiUrl = `${balancer.url}/v1`;
  simulator.setMaintenanceUrl(apiUrl);
  await simulator.addManagers({ dialect });
  const startEngine = async (host: string): Promise<ServiceProcess> => {
    const engine = { ...given.engine, host };
    const started = launch('engine', { ...given, DEFAULT: { ...common, public_url: apiUrl }, engine });
    await started.says('engine started');
    return started;
  };
  const names = Array.from({ length: engines }, (_, index) => `engine-${index + 1}`);
  const working = await Promise.all(names.map(startEngine));
  const admin = adminOf(simulator, log);
  const client = new FenixClient({ url: apiUrl, token: () => admin.authToken() });
  const broken = Promise.race(services.map((service) => service.broken));
  broken.catch(() => undefined);
  return {
    system: { simulator, apiUrl, admin, client, database },
    engines: working,
    startEngine,
    clock,
    speed,
    broken,
  };
}

/** A database of its own on the server, with the schema; gone when the demo ends. */
async function makeDatabase(up: (() => Promise<void>)[]): Promise<{ connection: string; database: Database }> {
  const url = needed(DATABASE_URL);
  const target = parseDatabaseUrl(url);
  if (target.kind !== 'mysql')
    throw new FenixError('input', 'demo-database', `${DATABASE_URL} must be a mysql:// URL.`);
  const name = `fenix_demo_${randomUUID().replaceAll('-', '')}`;
  const open = (database: string): Promise<Database> =>
    Database.open({ kind: 'mysql', mysql: { ...(target as MysqlTarget).mysql, database } });
  const server = await open('information_schema');
  up.push(() => server.close());
  await server.knex.raw(`create database ${name} character set utf8mb4 collate utf8mb4_general_ci`);
  up.push(async () => void (await server.knex.raw(`drop database ${name}`)));
  const database = await open(name);
  up.push(() => database.close());
  await new SchemaMigrator(database).upgrade();
  const connection = new URL(url);
  connection.pathname = `/${name}`;
  return { connection: connection.href, database };
}

async function connectBroker(
  transportUrl: string,
  log: Logger,
  up: (() => Promise<void>)[],
): Promise<DependencyContainer> {
  const child = root.createChildContainer();
  const { config } = loadConfig({ defaults: { DEFAULT: { transport_url: transportUrl } } });
  registerCore(child, config, log);
  registerMessaging(child, 'fenix-demo');
  const component = brokerComponent(child);
  await component.start(new AbortController().signal);
  up.push(() => component.stop());
  return child;
}

/** @throws FenixError `demo-servers` */
function needed(variable: string): string {
  const value = process.env[variable];
  if (value !== undefined && value !== '') return value;
  const message = `--distributed needs a server that ${variable} names; "npm run demo" starts one by itself.`;
  throw new FenixError('input', 'demo-servers', message);
}
