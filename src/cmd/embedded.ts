import { container, type DependencyContainer } from 'tsyringe';
import { FenixClient } from '../client/index.js';
import { Clock, MachineClock, SystemMachineClock } from '../common/clock.js';
import type { Component } from '../common/lifecycle.js';
import { type Logger, silentLogger } from '../common/logger.js';
import { loadConfig, parseDatabaseUrl, type Values } from '../config/index.js';
import { Database, DatabaseToken } from '../db/database.js';
import { SchemaMigrator } from '../db/migrator.js';
import { Engine } from '../engine/engine.js';
import type { KeystoneSession } from '../keystone-auth-middleware/index.js';
import type { FaultSettings } from '../messaging/faults.js';
import { MemoryBroker } from '../messaging/memory-broker.js';
import { type AddManagersOptions, type Simulator, startSimulator, type Topology } from '../simulator/index.js';
import { ceilometer } from './ceilometer.js';
import type { DemoSystem } from './demo/system.js';
import { adminOf, operatorOptions } from './simulated.js';
import { ApiServerToken, apiComponent, registerApi } from './wiring/api.js';
import { registerCloud } from './wiring/cloud.js';
import { registerCore } from './wiring/core.js';
import { engineComponents, inlineHeartbeat, registerEngine } from './wiring/engine.js';
import { brokerComponent, MemoryBrokerToken, registerMessaging } from './wiring/messaging.js';

export interface EmbeddedOptions {
  readonly topology: Topology;
  /** Domain time of everything: cloud, managers, engine, API. */
  readonly clock: Clock;
  /** Machine time of API, engine and broker, and what an SQLite database takes for its own; default the system's. */
  readonly machine?: MachineClock;
  /** As in `[database] connection`; default in memory. */
  readonly connection?: string;
  readonly log?: Logger;
  /** Options of Fenix by section, e.g. `{ DEFAULT: { project_maintenance_reply: 20 } }`. */
  readonly options?: Values;
  readonly managers?: AddManagersOptions;
  readonly seed?: number;
  /** What the broker does to messages. */
  readonly faults?: FaultSettings;
}

/** Everything in one process: simulated cloud with project managers, in-memory broker, API, engine. */
export class Embedded implements DemoSystem {
  /** Those that run, in the order in which they were started. */
  private readonly leaving = new Set<Promise<void>>();
  private readonly engines = new Map<Engine, Composed>();

  private constructor(
    readonly simulator: Simulator,
    readonly apiUrl: string,
    /** As admin of the simulated cloud. */
    readonly admin: KeystoneSession,
    private readonly parts: Parts,
    private readonly stopBefore: readonly (() => Promise<void>)[],
  ) {}

  static async start(options: EmbeddedOptions): Promise<Embedded> {
    const { topology, clock, seed, log = silentLogger, machine = new SystemMachineClock() } = options;
    const database = await Database.open({
      ...parseDatabaseUrl(options.connection ?? 'sqlite://'),
      ...(options.machine && { time: () => new Date(machine.monotonicMs()) }),
    });
    await new SchemaMigrator(database).upgrade();
    const broker = new MemoryBroker({ clock: machine, ...(options.faults && { faults: options.faults }) });
    const simulator = await startSimulator({ topology, clock, logger: log, ...(seed !== undefined && { seed }) });
    const listener = ceilometer(simulator, { broker: broker.connect() }, log);
    await listener.start();
    const parts = { database, broker, clock, machine, log, simulator, values: options.options ?? {} };
    const api = await startParts(compose(parts, {}, composeApi));
    const apiUrl = `${api.container.resolve(ApiServerToken).url}/v1`;
    simulator.setMaintenanceUrl(apiUrl);
    await simulator.addManagers(options.managers);
    const stopBefore = [() => stopParts(api), () => listener.stop(), () => simulator.stop(), () => database.close()];
    return new Embedded(simulator, apiUrl, adminOf(simulator, log, machine), parts, stopBefore);
  }

  get client(): FenixClient {
    return new FenixClient({ url: this.apiUrl, token: () => this.admin.authToken() });
  }

  /** The engine that was started last, of those that run. */
  get engine(): Engine | undefined {
    return [...this.engines.keys()].at(-1);
  }

  get database(): Database {
    return this.parts.database;
  }

  /** The broker of all of it. */
  get broker(): MemoryBroker {
    return this.parts.broker;
  }

  /** All engines look for what no message told them of, as they do by themselves every `sweep_interval`. */
  sweep(): void {
    for (const engine of this.engines.keys()) engine.sweepSoon();
  }

  /** One more engine on the same database and broker. */
  async startEngine(): Promise<Engine> {
    const values = { DEFAULT: { public_url: this.apiUrl } };
    const composed = await startParts(compose(this.parts, values, composeEngine));
    const engine = composed.container.resolve(Engine);
    this.engines.set(engine, composed);
    return engine;
  }

  /** Stops that engine; all of them unless told which. */
  async stopEngine(engine?: Engine): Promise<void> {
    for (const each of engine === undefined ? [...this.engines.keys()] : [engine]) {
      const composed = this.engines.get(each);
      this.engines.delete(each);
      if (composed === undefined) continue;
      const left = stopParts(composed).finally(() => this.leaving.delete(left));
      this.leaving.add(left);
      await left;
    }
  }

  async stop(): Promise<void> {
    await this.stopEngine();
    // Engines that somebody else is stopping still need the database.
    await Promise.all(this.leaving);
    for (const stop of this.stopBefore) await stop();
  }
}

interface Parts {
  readonly database: Database;
  readonly broker: MemoryBroker;
  readonly clock: Clock;
  readonly machine: MachineClock;
  readonly log: Logger;
  readonly simulator: Simulator;
  readonly values: Values;
}

interface Composed {
  readonly container: DependencyContainer;
  readonly components: Component[];
}

function compose(parts: Parts, values: Values, make: (container: DependencyContainer) => Component[]): Composed {
  const { database, broker, clock, machine, log, simulator } = parts;
  const child = container.createChildContainer();
  const { config } = loadConfig({ defaults: simulated(simulator), commandLine: merged(parts.values, values) });
  registerCore(child, config, log);
  child.registerInstance<Clock>(Clock, clock);
  child.registerInstance<MachineClock>(MachineClock, machine);
  child.registerInstance(DatabaseToken, database);
  registerMessaging(child, 'fenix');
  child.registerInstance(MemoryBrokerToken, broker);
  return { container: child, components: [brokerComponent(child), ...make(child)] };
}

function composeApi(child: DependencyContainer): Component[] {
  registerApi(child);
  return [apiComponent(child)];
}

function composeEngine(child: DependencyContainer): Component[] {
  registerCloud(child);
  registerEngine(child, inlineHeartbeat);
  return engineComponents(child);
}

async function startParts(composed: Composed): Promise<Composed> {
  for (const component of composed.components) await component.start(new AbortController().signal);
  return composed;
}

async function stopParts({ components }: Composed): Promise<void> {
  for (const component of [...components].reverse()) await component.stop();
}

/** What an operator would write for this cloud, and what goes without further processes and threads. */
function simulated(simulator: Simulator): Values {
  const { DEFAULT, ...rest } = operatorOptions(simulator);
  return {
    ...rest,
    DEFAULT: { ...DEFAULT, transport_url: 'memory://' },
    engine: { planner_threads: 0, turn_pace: 0 },
    plugins: { isolation: 'none' },
    api: { reply_pace: 0, read_pace: 0 },
  };
}

function merged(first: Values, second: Values): Values {
  const sections = new Set([...Object.keys(first), ...Object.keys(second)]);
  return Object.fromEntries([...sections].map((name) => [name, { ...first[name], ...second[name] }]));
}
