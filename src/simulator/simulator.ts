import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, ScaledClock } from '../common/clock.js';
import { type Logger, silentLogger } from '../common/logger.js';
import { AlarmDelivery } from './alarms/delivery.js';
import { AlarmStore } from './alarms/store.js';
import type { WireNotification } from './alarms/traits.js';
import { Cloud } from './cloud.js';
import { ADMIN, SERVICE } from './cloud-population.js';
import { createApp, type Endpoints, endpointsAt } from './http/app.js';
import type { SimulatorLog } from './log.js';
import { Timeline } from './timeline.js';
import { Tokens } from './tokens.js';
import type { Topology } from './topology.js';

export interface SimulatorOptions {
  readonly topology: Topology;
  /** Domain time: everything that takes time in the cloud. */
  readonly clock: Clock;
  /** Machine time, in which tokens live; default the system's. */
  readonly tokenClock?: Clock;
  /** Machine seconds, default 3600. */
  readonly tokenLifetimeS?: number;
  /** Takes the place of the topology's. */
  readonly seed?: number;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Address to listen on, default 127.0.0.1. */
  readonly host?: string;
  /** Public URL of the service under test, ending in `/v1`; stands in the catalog from then on. */
  readonly maintenanceUrl?: string;
  readonly logger?: Logger;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly projectName: string;
}

/** A running simulated cloud. */
export class Simulator {
  readonly adminCredentials: Credentials = ADMIN;
  /** Those of the service under test: role admin in project `service`. */
  readonly serviceCredentials: Credentials = SERVICE;
  readonly log: SimulatorLog;

  constructor(
    readonly cloud: Cloud,
    private readonly server: Server,
    private readonly delivery: AlarmDelivery,
    private readonly endpoints: { current: Endpoints },
    readonly url: string,
  ) {
    this.log = cloud.log;
  }

  /** Keystone's URL, ending in `/v3`. */
  get authUrl(): string {
    return this.endpoints.current.identity;
  }

  /** Credentials of the one user of a tenant's project: name and password are the project's name. */
  tenantCredentials(projectName: string): Credentials {
    return { username: projectName, password: projectName, projectName };
  }

  /** Puts the service under test into the catalog of tokens given out from now on. */
  setMaintenanceUrl(url: string): void {
    this.endpoints.current = endpointsAt(this.url, url);
  }

  /** Does what Ceilometer and Aodh do with a notification; resolves when all alarm actions were tried. */
  deliver(notification: WireNotification): Promise<void> {
    return this.delivery.deliver(notification);
  }

  async stop(): Promise<void> {
    this.cloud.timeline.stop();
    await close(this.server);
  }
}

export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { topology, clock, seed, logger = silentLogger, host = '127.0.0.1' } = options;
  const cloud = new Cloud(seed === undefined ? topology : { ...topology, seed }, new Timeline(clock));
  const tokens = new Tokens(options.tokenClock ?? new ScaledClock(), options.tokenLifetimeS ?? 3600);
  const alarms = new AlarmStore();
  const endpoints = { current: endpointsAt('') };
  const app = createApp({ cloud, tokens, alarms, endpoints: () => endpoints.current, logger });
  const server = createServer(app);
  const url = await listen(server, options.port ?? 0, host);
  endpoints.current = endpointsAt(url, options.maintenanceUrl);
  return new Simulator(cloud, server, new AlarmDelivery(cloud, alarms, logger), endpoints, url);
}

/** Listens and returns the base URL. */
export function listen(server: Server, port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const { port: given } = server.address() as AddressInfo;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${given}`);
    });
  });
}

export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
