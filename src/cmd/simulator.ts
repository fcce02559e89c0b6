#!/usr/bin/env node
import 'reflect-metadata';
import { InvalidArgumentError } from 'commander';
import { container } from 'tsyringe';
import { wholeNumber } from '../cli/parse.js';
import { Clock, MachineClock, ScaledClock } from '../common/clock.js';
import { Lifecycle, runUntilSignal } from '../common/lifecycle.js';
import { Logger } from '../common/logger.js';
import type { NotificationListener } from '../messaging/notification-listener.js';
import { generateTopology, readTopology, type Simulator, startSimulator } from '../simulator/index.js';
import { ceilometer } from './ceilometer.js';
import { baseCommand, configure, refusing } from './command-line.js';
import { registerCore } from './wiring/core.js';
import { registerMessaging, shared } from './wiring/messaging.js';

interface SimulatorOptions {
  readonly configFile: string[];
  readonly topology?: string;
  readonly hosts: number;
  readonly instances: number;
  readonly projects: number;
  readonly seed: number;
  readonly listen: string;
  readonly port: number;
  readonly speed: number;
  readonly maintenanceUrl?: string;
}

const program = baseCommand(
  'fenix-simulator',
  'A simulated cloud: Keystone, Nova, Placement and Aodh over HTTP, with project managers.',
)
  .option('--topology <file>', 'cloud from a JSON file (docs/simulator.md) instead of a generated one')
  .option('--hosts <n>', 'compute hosts', wholeNumber(1, 5000), 10)
  .option('--instances <n>', 'instances', wholeNumber(0, 100_000), 40)
  .option('--projects <n>', 'projects, each with a manager', wholeNumber(1, 1000), 4)
  .option('--seed <n>', 'same seed, same cloud', wholeNumber(0, 2 ** 32 - 1), 1)
  .option('--listen <address>', 'address to listen on', '127.0.0.1')
  .option('--port <n>', 'port to listen on', wholeNumber(0, 65_535), 5000)
  .option('--speed <x>', 'simulated seconds per second; the same as [engine] clock_speed', positive, 1)
  .option('--maintenance-url <url>', 'public URL of the API, for the catalog', 'http://127.0.0.1:12347/v1')
  .action((options: SimulatorOptions) => refusing(() => run(options)));

await program.parseAsync();

async function run(options: SimulatorOptions): Promise<void> {
  const { config, log } = configure('fenix-simulator', options.configFile, { DEFAULT: { transport_url: 'memory://' } });
  registerCore(container, config, log);
  registerMessaging(container, 'fenix-simulator');
  const { clockOrigin } = config.engine;
  const origin = clockOrigin === '' ? Date.now() : Date.parse(clockOrigin);
  container.registerInstance<Clock>(Clock, new ScaledClock(options.speed, origin));
  let simulator: Simulator | undefined;
  let listener: NotificationListener | undefined;
  const cloud = {
    name: 'cloud',
    start: async () => {
      simulator = await start(options);
      listener = ceilometer(simulator, shared(container), log);
      await listener.start();
      await simulator.addManagers();
      sayWhere(simulator, new Date(origin), options.speed);
    },
    stop: async () => {
      await listener?.stop();
      await simulator?.stop();
    },
  };
  const stopWithinMs = config.default.gracefulShutdownTimeout * 1000;
  const lifecycle = new Lifecycle([cloud], { stopWithinMs }, container.resolve<MachineClock>(MachineClock), log);
  process.exit(await runUntilSignal(lifecycle));
}

async function start(options: SimulatorOptions): Promise<Simulator> {
  const { topology, hosts, instances, projects, seed, listen, port, maintenanceUrl } = options;
  const emptyHosts = Math.max(1, hosts - instances);
  return startSimulator({
    topology:
      topology === undefined
        ? generateTopology({ hosts, instances, projects, seed, emptyHosts })
        : await readTopology(topology),
    clock: container.resolve<Clock>(Clock),
    logger: container.resolve<Logger>(Logger),
    host: listen,
    port,
    ...(maintenanceUrl !== undefined && { maintenanceUrl }),
  });
}

function sayWhere({ url, authUrl, serviceCredentials: service }: Simulator, origin: Date, speed: number): void {
  const lines = [
    `cloud      ${url}`,
    `Keystone   ${authUrl}   admin / admin, project admin`,
    `service    ${service.username} / ${service.password}, project ${service.projectName}`,
    `tenants    each project has a user of its own name, with that as password`,
    `clock      [engine] clock_speed = ${speed}, clock_origin = ${origin.toISOString()}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function positive(text: string): number {
  if (!(Number(text) > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return Number(text);
}
