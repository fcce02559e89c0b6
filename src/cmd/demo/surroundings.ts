import { randomUUID } from 'node:crypto';
import { type DependencyContainer, container as root } from 'tsyringe';
import { ScaledClock } from '../../common/clock.js';
import { FenixError } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
import { loadConfig, type MysqlTarget, parseDatabaseUrl, type Values } from '../../config/index.js';
import { Database } from '../../db/database.js';
import { SchemaMigrator } from '../../db/migrator.js';
import { type Simulator, startSimulator, type Topology } from '../../simulator/index.js';
import { ceilometer } from '../ceilometer.js';
import { operatorOptions } from '../simulated.js';
import { registerCore } from '../wiring/core.js';
import { brokerComponent, registerMessaging, shared } from '../wiring/messaging.js';

export interface ServerUrls {
  /** `mysql://user:password@host:port/database`; a database of our own is made there. */
  readonly database: string;
  /** As `transport_url`. */
  readonly broker: string;
}

interface OwnDatabase {
  readonly connection: string;
  readonly database: Database;
}

export type MakeSchema = (target: OwnDatabase) => Promise<unknown>;

/** What processes of Fenix need around them. */
export interface Surroundings {
  readonly simulator: Simulator;
  readonly database: Database;
  readonly clock: ScaledClock;
  /** What each of the processes is to be told, by section. */
  readonly options: Values;
}

/**
 * A database with the schema, and a simulated cloud with its Ceilometer on the broker, all in this process' hands.
 * @param speed domain seconds per second
 * @param up takes what ends them, to be called in reverse order, also when this rejects
 * @param makeSchema default: as this code has it
 */
export async function startSurroundings(
  servers: ServerUrls,
  topology: Topology,
  speed: number,
  log: Logger,
  up: (() => Promise<void>)[],
  makeSchema: MakeSchema = ({ database }) => new SchemaMigrator(database).upgrade(),
): Promise<Surroundings> {
  const origin = new Date();
  const clock = new ScaledClock(speed, origin.getTime());
  const { connection, database } = await makeDatabase(servers.database, up);
  await makeSchema({ connection, database });
  const simulator = await startSimulator({ topology, clock, logger: log });
  up.push(() => simulator.stop());
  const child = await connectBroker(servers.broker, log, up);
  const { broker, topology: queues } = shared(child);
  const listener = ceilometer(simulator, { broker, topology: queues }, log);
  await listener.start();
  up.push(() => listener.stop());
  const operator = operatorOptions(simulator);
  const options: Values = {
    ...operator,
    DEFAULT: { ...operator.DEFAULT, transport_url: servers.broker, log_format: 'json' },
    database: { connection },
    engine: { clock_speed: speed, clock_origin: origin.toISOString() },
  };
  return { simulator, database, clock, options };
}

/** A database of its own on the server, empty; gone when it ends. */
async function makeDatabase(url: string, up: (() => Promise<void>)[]): Promise<OwnDatabase> {
  const target = parseDatabaseUrl(url);
  if (target.kind !== 'mysql')
    throw new FenixError('input', 'demo-database', "The database server's address must be a mysql:// URL.");
  const name = `fenix_demo_${randomUUID().replaceAll('-', '')}`;
  const open = (database: string): Promise<Database> =>
    Database.open({ kind: 'mysql', mysql: { ...(target as MysqlTarget).mysql, database } });
  const server = await open('information_schema');
  up.push(() => server.close());
  await server.knex.raw(`create database ${name} character set utf8mb4 collate utf8mb4_general_ci`);
  up.push(async () => void (await server.knex.raw(`drop database ${name}`)));
  const database = await open(name);
  up.push(() => database.close());
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
