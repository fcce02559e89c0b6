import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { FenixClient } from '../../src/client/index.js';
import { startBalancer } from '../../src/cmd/demo/balancer.js';
import { merged } from '../../src/cmd/demo/distributed.js';
import { type Surroundings, startSurroundings } from '../../src/cmd/demo/surroundings.js';
import { adminOf } from '../../src/cmd/simulated.js';
import { silentLogger } from '../../src/common/logger.js';
import type { Values } from '../../src/config/index.js';
import type { OwnMariadb } from '../support/services/mysql.js';
import { freePorts, type OwnRabbit } from '../support/services/rabbitmq.js';
import { Member } from './member.js';
import type { WavePlan } from './plan.js';

/** Domain seconds per second; leases and time-outs of requests are not scaled. */
const SPEED = 20;
/** A request may hang while the database is away. */
const REQUEST_TIMEOUT_MS = 15_000;
const ENGINES = 2;
const APIS = 2;

/** Started by this suite alone, so that it may kill them. */
export interface Servers {
  readonly mariadb: OwnMariadb;
  readonly rabbitmq: OwnRabbit;
}

/** Two engines and two APIs as processes, on a cloud and a database of their own. */
export interface Installation extends Surroundings {
  readonly servers: Servers;
  readonly engines: readonly Member[];
  readonly apis: readonly Member[];
  /** The API, as admin. */
  readonly client: FenixClient;
  /** Ends in /v1. */
  readonly apiUrl: string;
  stop(): Promise<void>;
}

/** @param folder for the logs of the processes */
export async function install(servers: Servers, plan: WavePlan, folder: string): Promise<Installation> {
  const up: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of up.splice(0).reverse()) await end();
  };
  try {
    return { ...(await start(servers, plan, folder, up)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  servers: Servers,
  plan: WavePlan,
  folder: string,
  up: (() => Promise<void>)[],
): Promise<Omit<Installation, 'stop'>> {
  const urls = { database: servers.mariadb.url, broker: servers.rabbitmq.url };
  const surroundings = await startSurroundings(urls, plan.topology, SPEED, silentLogger, up);
  const { simulator } = surroundings;
  const common = merged(surroundings.options, plan.options);
  const ports = await freePorts(APIS);
  const balancer = await startBalancer(ports);
  up.push(() => balancer.stop());
  const apiUrl = `${balancer.url}/v1`;
  simulator.setMaintenanceUrl(apiUrl);
  const member = (kind: 'api' | 'engine', number: number, own: Values): Member => {
    const name = `${kind}-${number}`;
    const log = createWriteStream(join(folder, `${name}.log`));
    const made = new Member(name, kind, merged(common, own), log);
    up.push(async () => {
      await made.end('SIGTERM');
      log.end();
    });
    return made;
  };
  const apis = ports.map((port, index) => member('api', index + 1, { DEFAULT: { port, public_url: apiUrl } }));
  const engines = Array.from({ length: ENGINES }, (_, index) =>
    member('engine', index + 1, { DEFAULT: { public_url: apiUrl }, engine: { host: `engine-${index + 1}` } }),
  );
  await Promise.all([...apis, ...engines].map((each) => each.start()));
  await simulator.addManagers();
  const admin = adminOf(simulator, silentLogger);
  const client = new FenixClient({ url: apiUrl, token: () => admin.authToken(), timeoutMs: REQUEST_TIMEOUT_MS });
  return { ...surroundings, servers, engines, apis, client, apiUrl };
}
