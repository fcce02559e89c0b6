import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { container as root } from 'tsyringe';
import { FenixClient } from '../../../src/client/index.js';
import { CONTROL_EXCHANGE } from '../../../src/cmd/ceilometer.js';
import { adminOf, operatorOptions } from '../../../src/cmd/simulated.js';
import { ApiServerToken, apiComponent, registerApi } from '../../../src/cmd/wiring/api.js';
import { registerCore } from '../../../src/cmd/wiring/core.js';
import { registerMessaging, TransportToken } from '../../../src/cmd/wiring/messaging.js';
import { type Clock, ScaledClock } from '../../../src/common/clock.js';
import { silentLogger } from '../../../src/common/logger.js';
import { loadConfig, type MysqlTarget, type Values } from '../../../src/config/index.js';
import { Database, DatabaseToken } from '../../../src/db/database.js';
import { SchemaMigrator } from '../../../src/db/migrator.js';
import type { Notification } from '../../../src/messaging/notification.js';
import { NotificationListener } from '../../../src/messaging/notification-listener.js';
import type { Transport } from '../../../src/messaging/transport.js';
import { type Simulator, startSimulator, type Topology } from '../../../src/simulator/index.js';
import { connectTo } from '../services/rabbitmq.js';
import { GatedClock } from './gated-clock.js';

/** Domain seconds per second. */
const SPEED = 60;

/** What all runs of a scenario share: a database and a queue of their own, empty before each run. */
export interface Stage {
  readonly database: Database;
  /** An empty database, a new cloud with its managers, and an API. */
  set(topology: Topology, options: Values): Promise<Scene>;
}

/** One run's world but for its engines. */
export interface Scene {
  readonly simulator: Simulator;
  readonly client: FenixClient;
  /** The service's. */
  readonly clock: Clock;
  /** The cloud's and its managers'. */
  readonly cloudClock: GatedClock;
  /** Ids of the messages that Ceilometer has dealt with, as often as it did. */
  readonly heard: readonly string[];
  /** A file for what plug-ins do, empty at first. */
  readonly log: string;
  /** What an engine is to be given. */
  engineOptions(name: string, leaseS: number): Values;
  end(): Promise<void>;
}

export async function aStage(t: ExecutionContext, mysql: MysqlTarget['mysql'], rabbitUrl: string): Promise<Stage> {
  const name = `fenix_crash_${randomUUID().replaceAll('-', '')}`;
  const server = await Database.open({ kind: 'mysql', mysql });
  await server.knex.raw(`create database ${name} character set utf8mb4 collate utf8mb4_general_ci`);
  const database = await Database.open({ kind: 'mysql', mysql: { ...mysql, database: name } });
  t.teardown(async () => {
    await database.close();
    await server.knex.raw(`drop database ${name}`);
    await server.close();
  });
  await new SchemaMigrator(database).upgrade();
  const transport = connectTo(t, rabbitUrl);
  const topic = `crash_${name}`;
  let onNotification: (notification: Notification) => Promise<void> = async () => undefined;
  const listener = new NotificationListener({
    ...transport,
    logger: silentLogger,
    exchange: CONTROL_EXCHANGE,
    topics: [topic],
    priorities: ['INFO'],
    onNotification: (notification) => onNotification(notification),
  });
  await listener.start();
  t.teardown(() => listener.stop());
  const folder = mkdtempSync(join(tmpdir(), 'fenix-crash-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const log = join(folder, 'log');
  const tables = await tablesOf(database);
  const connection = urlOf(mysql, name);
  return {
    database,
    set: async (topology, options) => {
      await empty(database, tables);
      writeFileSync(log, '');
      const clock = new ScaledClock(SPEED);
      const cloudClock = new GatedClock(clock);
      const simulator = await startSimulator({ topology, clock: cloudClock });
      const heard: string[] = [];
      onNotification = async (notification) => {
        await simulator.deliver(notification);
        heard.push(String(notification.messageId));
      };
      const rpcTopic = `engine_${name}`;
      const values = merged(operatorOptions(simulator), options, {
        DEFAULT: { transport_url: rabbitUrl, log_level: 'warning' },
        database: { connection },
        oslo_messaging_notifications: { topics: topic },
        engine: { clock_speed: SPEED, clock_origin: new Date(clock.originMs).toISOString(), rpc_topic: rpcTopic },
      });
      const api = await startApi(values, database, transport);
      simulator.setMaintenanceUrl(api.url);
      await simulator.addManagers({ constraints: true });
      const admin = adminOf(simulator, silentLogger);
      return {
        simulator,
        clock,
        cloudClock,
        heard,
        log,
        client: new FenixClient({ url: api.url, token: () => admin.authToken() }),
        engineOptions: (host, leaseS) =>
          merged(values, {
            DEFAULT: { public_url: api.url },
            engine: { host, lease_time: leaseS, heartbeat_interval: leaseS / 5 },
          }),
        end: async () => {
          await api.stop();
          await simulator.stop();
        },
      };
    },
  };
}

async function startApi(values: Values, database: Database, transport: Transport) {
  const child = root.createChildContainer();
  const { config } = loadConfig({ defaults: values });
  registerCore(child, config, silentLogger);
  child.registerInstance(DatabaseToken, database);
  registerMessaging(child, 'fenix-api');
  child.registerInstance(TransportToken, transport);
  registerApi(child);
  const component = apiComponent(child);
  await component.start(new AbortController().signal);
  return { url: `${child.resolve(ApiServerToken).url}/v1`, stop: () => component.stop() };
}

async function tablesOf(database: Database): Promise<string[]> {
  const [rows] = await database.knex.raw('show tables');
  return (rows as Record<string, string>[]).flatMap((row) => Object.values(row));
}

async function empty(database: Database, tables: readonly string[]): Promise<void> {
  await database.transaction(async (tx) => {
    for (const table of tables.filter((name) => !name.startsWith('knex_'))) await tx(table).delete();
  });
}

/** Options of both; the later ones win. */
export function merged(...given: readonly Values[]): Values {
  const sections = new Set(given.flatMap((values) => Object.keys(values)));
  return Object.fromEntries(
    [...sections].map((name) => [name, Object.assign({}, ...given.map((values) => values[name]))]),
  );
}

function urlOf({ user, password, host, port }: MysqlTarget['mysql'], database: string): string {
  const url = new URL(`mysql://${host}:${port}/${database}`);
  Object.assign(url, { username: user, password });
  return url.href;
}
