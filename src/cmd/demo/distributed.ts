import { createWriteStream } from 'node:fs';
import { FenixClient } from '../../client/index.js';
import { FenixError } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
import type { Values } from '../../config/index.js';
import type { Topology } from '../../simulator/index.js';
import { adminOf } from '../simulated.js';
import { startBalancer } from './balancer.js';
import { type DemoOptions, managersOf } from './options.js';
import { ServiceProcess } from './service-process.js';
import { startSurroundings } from './surroundings.js';
import type { RunningDemo } from './system.js';

export type DistributedOptions = Pick<
  DemoOptions,
  'speed' | 'dialect' | 'maxImpacted' | 'recovery' | 'engines' | 'apis' | 'log'
> & {
  /** What the processes are told beyond what they need, by section. */
  readonly settings?: Values;
};

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
  { speed = SPEED, engines, apis, log: logFile, settings = {}, ...habits }: DistributedOptions,
  topology: Topology,
  log: Logger,
  up: (() => Promise<void>)[],
): Promise<Omit<DistributedDemo, 'stop'>> {
  const servers = { database: needed(DATABASE_URL), broker: needed(BROKER_URL) };
  const { simulator, database, clock, options: own } = await startSurroundings(servers, topology, speed, log, up);
  const options = merged(own, settings);
  const services: ServiceProcess[] = [];
  const logStream = logFile === undefined ? undefined : createWriteStream(logFile, { flags: 'a' });
  const launch = (name: 'api' | 'engine', values: Values): ServiceProcess => {
    const service = new ServiceProcess(name, values, logStream);
    services.push(service);
    up.push(() => service.stop());
    return service;
  };
  const listening = await Promise.all(Array.from({ length: apis }, () => launch('api', options).says('API listens')));
  const balancer = await startBalancer(listening.map(({ url }) => Number(new URL(url ?? '').port)));
  up.push(() => balancer.stop());
  const apiUrl = `${balancer.url}/v1`;
  simulator.setMaintenanceUrl(apiUrl);
  await simulator.addManagers(managersOf(habits));
  const startEngine = async (host: string): Promise<ServiceProcess> => {
    const engine = { ...options.engine, host };
    const started = launch('engine', { ...options, DEFAULT: { ...options.DEFAULT, public_url: apiUrl }, engine });
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

/** Section by section, the later one wins. */
export function merged(values: Values, more: Values): Values {
  const sections = new Set([...Object.keys(values), ...Object.keys(more)]);
  return Object.fromEntries([...sections].map((name) => [name, { ...values[name], ...more[name] }]));
}

/** @throws FenixError `demo-servers` */
function needed(variable: string): string {
  const value = process.env[variable];
  if (value !== undefined && value !== '') return value;
  const message = `--distributed needs a server that ${variable} names; "npm run demo" starts one by itself.`;
  throw new FenixError('input', 'demo-servers', message);
}
