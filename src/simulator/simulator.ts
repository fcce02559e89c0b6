import { createServer, type Server } from 'node:http';
import { type Clock, ScaledClock } from '../common/clock.js';
import { type Logger, silentLogger } from '../common/logger.js';
import type { Notification } from '../messaging/notification.js';
import { AlarmDelivery } from './alarms/delivery.js';
import { addTopologyAlarms } from './alarms/population.js';
import { AlarmStore } from './alarms/store.js';
import { Cloud } from './cloud.js';
import { ADMIN, addHost, SERVICE } from './cloud-population.js';
import type { Credentials } from './credentials.js';
import { Faults } from './faults/faults.js';
import type { FaultPlan } from './faults/plan.js';
import { setHostUp } from './hosts.js';
import { createApp, type Endpoints, endpointsAt, masakariAt } from './http/app.js';
import type { JudgeOptions } from './judge/index.js';
import { close, listen } from './listening.js';
import type { SimulatorLog } from './log.js';
import { type AddManagersOptions, type Manager, startManager } from './managers/index.js';
import { Moves } from './moves.js';
import type { Project } from './records.js';
import { makeReport, type Report } from './report.js';
import { scheduleEvents } from './scripted-events.js';
import { Servers } from './servers.js';
import { type ChurnOptions, TenantChurn } from './tenant-churn.js';
import { Timeline } from './timeline.js';
import { Tokens } from './tokens.js';
import type { Topology, TopologyHost } from './topology.js';

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
  /** Takes the place of the topology's. */
  readonly faults?: FaultPlan;
}

/** A running simulated cloud. */
export class Simulator {
  readonly adminCredentials: Credentials = ADMIN;
  /** Those of the service under test: role admin in project `service`. */
  readonly serviceCredentials: Credentials = SERVICE;
  readonly log: SimulatorLog;
  readonly managers: Manager[] = [];

  constructor(
    readonly cloud: Cloud,
    private readonly clocks: { readonly clock: Clock; readonly tokenClock: Clock },
    private readonly server: Server,
    private readonly delivery: AlarmDelivery,
    private readonly servers: Servers,
    private readonly fates: Faults,
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
    this.endpoints.current = { ...this.endpoints.current, maintenance: url };
  }

  /** Does what Ceilometer and Aodh do with a notification; resolves when all alarm actions were tried. */
  deliver(notification: Notification): Promise<void> {
    return this.delivery.deliver(notification);
  }

  /** A host fails, or comes back. */
  setHostUp(name: string, up: boolean): void {
    this.cloud.timeline.catchUp();
    setHostUp(this.cloud, name, up);
  }

  /** A machine is installed: its nova-compute registers. */
  addHost(host: TopologyHost): void {
    this.cloud.timeline.catchUp();
    addHost(this.cloud, host);
  }

  /** What goes wrong at present. */
  get faults(): FaultPlan {
    return this.fates.plan;
  }

  /** What goes wrong from now on, in place of the plan until now. */
  setFaults(plan: FaultPlan): void {
    this.fates.follow(plan);
  }

  /** Lets tenants boot and delete servers of their own from now on. */
  startChurn(options: ChurnOptions): TenantChurn {
    const tenants = this.tenants().filter(({ name }) => options.projects?.includes(name) ?? true);
    return new TenantChurn(this.cloud, this.servers, options, tenants);
  }

  /** Starts a reference manager for each tenant's project, or for those named. */
  async addManagers(options: AddManagersOptions = {}): Promise<readonly Manager[]> {
    const wanted = options.projects ?? this.tenants().map(({ name }) => name);
    const home = { cloud: this.cloud, authUrl: this.authUrl, ...this.clocks };
    const added: Manager[] = [];
    // One after the other, so that their alarms are in the same order every time.
    for (const project of wanted) {
      const manager = await startManager(home, project, options);
      if (manager !== undefined) added.push(manager);
    }
    this.managers.push(...added);
    return added;
  }

  /** Moves, violations, answers and service level so far. */
  report(options: JudgeOptions = {}): Report {
    this.cloud.timeline.catchUp();
    return makeReport(this.cloud, this.managers, options);
  }

  async stop(): Promise<void> {
    await Promise.all(this.managers.map((manager) => manager.stop()));
    this.cloud.timeline.stop();
    await close(this.server);
  }

  private tenants(): Project[] {
    const own: readonly string[] = [ADMIN.projectName, SERVICE.projectName];
    return [...this.cloud.projects.values()].filter(({ name }) => !own.includes(name));
  }
}

export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { topology, clock, seed, logger = silentLogger, host = '127.0.0.1' } = options;
  const cloud = new Cloud(seed === undefined ? topology : { ...topology, seed }, new Timeline(clock));
  const tokenClock = options.tokenClock ?? new ScaledClock();
  const tokens = new Tokens(tokenClock, options.tokenLifetimeS ?? 3600);
  const alarms = new AlarmStore();
  addTopologyAlarms(cloud, alarms, topology.alarms ?? []);
  const faults = new Faults(options.faults ?? topology.faults ?? {}, cloud);
  const moves = new Moves(cloud, faults);
  const servers = new Servers(cloud);
  const endpoints = { current: endpointsAt('') };
  const app = createApp({ cloud, tokens, alarms, moves, servers, faults, endpoints: () => endpoints.current, logger });
  const server = createServer(app);
  const url = await listen(server, options.port ?? 0, host);
  endpoints.current = {
    ...endpointsAt(url, options.maintenanceUrl),
    ...(cloud.segments.length > 0 && masakariAt(url)),
  };
  scheduleEvents(cloud, moves, topology);
  const delivery = new AlarmDelivery(cloud, alarms, faults, logger);
  const simulator = new Simulator(cloud, { clock, tokenClock }, server, delivery, servers, faults, endpoints, url);
  if (topology.churn !== undefined) simulator.startChurn(topology.churn);
  return simulator;
}
