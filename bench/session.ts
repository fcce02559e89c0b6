import 'reflect-metadata';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type DistributedDemo, startDistributed } from '../src/cmd/demo/distributed.js';
import { plusSeconds } from '../src/common/clock.js';
import { silentLogger } from '../src/common/logger.js';
import { generateTopology } from '../src/simulator/index.js';

/*
 * What a session of a large cloud costs, end to end: an engine and an API as processes, MariaDB, RabbitMQ, and the simulated
 * cloud with its managers. All of it but the two processes shares this one, so a small machine takes its time; what is
 * counted does not depend on that, except for the looks at the cloud that go with the session's length.
 */
const PER_HOST = 20;
const LOOK_MS = 2000;
const TELL_MS = 60_000;

// An end by signal ends the processes that were started here as well.
process.once('SIGTERM', () => process.exit(143));
const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '100,1000' },
    workflow: { type: 'string', default: 'vnf' },
    speed: { type: 'string', default: '10' },
  },
});
const figures: Figures[] = [];
for (const hosts of values.hosts.split(',').map(Number)) {
  const found = await measured(hosts);
  console.log(sentenceOf(found));
  figures.push(found);
}
console.log(JSON.stringify({ figures }));

interface Figures {
  readonly hosts: number;
  readonly state: string;
  readonly moves: number;
  readonly movesPerInstance: number;
  readonly violations: number;
  /** From maintenance_at to the end. */
  readonly domainS: number;
  readonly engineCpuS: number;
  readonly engineMb: number;
  readonly statementsPerHost: number;
  readonly novaPerHost: number;
  readonly placementPerHost: number;
}

async function measured(hosts: number): Promise<Figures> {
  const instances = Math.floor(hosts * 0.9) * PER_HOST;
  const topology = generateTopology({
    hosts,
    emptyHosts: hosts - Math.floor(hosts * 0.9),
    instances,
    projects: Math.max(1, Math.floor(hosts / 10)),
    seed: 1,
    fill: 'full',
    controllers: 0,
    constraints: { maxImpacted: 20, recoveryTime: 10 },
    timings: { coldMigration: 60, liveMigration: 60 },
  });
  const patient = { project_maintenance_reply: 3600, action_plugin_timeout: 36_000, blocked_timeout: 36_000 };
  const demo = await startDistributed(
    {
      speed: Number(values.speed),
      dialect: 'reference',
      maxImpacted: 20,
      recovery: 10,
      engines: 1,
      apis: 1,
      settings: { DEFAULT: { ...patient, cold_migration_timeout: 36_000, max_parallel_hosts: hosts } },
    },
    topology,
    silentLogger,
  );
  try {
    return await maintain(demo, hosts, instances);
  } finally {
    await demo.stop();
  }
}

/** Where it stands, for whoever waits an hour for it. */
function tell({ system, clock, engines }: DistributedDemo, hosts: number, since: Date): void {
  const ended = system.simulator.log.of('move-ended').length;
  const domainS = (clock.now().getTime() - since.getTime()) / 1000;
  const cpu = engines[0] === undefined ? 0 : cpuS(engines[0].pid);
  console.error(`${hosts} hosts: ${ended} moves ended, ${domainS.toFixed(0)} s of domain time, ${cpu} s of processor`);
}

async function maintain(demo: DistributedDemo, hosts: number, instances: number) {
  const { system, engines, clock, broken } = demo;
  const [engine] = engines;
  if (engine === undefined) throw new Error('one was started');
  const { simulator, client, database } = system;
  const statements = async (): Promise<number> => {
    const [rows] = await database.knex.raw("show global status like 'Questions'");
    return Number(rows[0].Value);
  };
  const [cpuBefore, statementsBefore] = [cpuS(engine.pid), await statements()];
  const maintenanceAt = plusSeconds(clock.now(), 60);
  const sessionId = await client.create({
    state: 'MAINTENANCE',
    workflow: values.workflow,
    maintenance_at: maintenanceAt.toISOString().slice(0, 19).replace('T', ' '),
    metadata: {},
    actions: [{ plugin: 'noop', type: 'host', metadata: { duration: 300 } }],
  });
  const told = setInterval(() => tell(demo, hosts, maintenanceAt), TELL_MS);
  for (let state = ''; !['MAINTENANCE_DONE', 'MAINTENANCE_FAILED'].includes(state); ) {
    await Promise.race([pause(LOOK_MS), broken]);
    ({ state } = await client.show(sessionId));
  }
  clearInterval(told);
  const { state, reason } = await client.detail(sessionId);
  if (reason !== null) console.log(JSON.stringify(reason));
  const service = [...simulator.cloud.projects.values()].find(({ name }) => name === 'service')?.id ?? '';
  const to = (name: string): number => simulator.requests.of(service, name);
  const { moves, violations } = simulator.report();
  const made = [...moves.values()].reduce((sum, count) => sum + count, 0);
  return {
    hosts,
    state,
    moves: made,
    movesPerInstance: made / instances,
    violations: violations.length,
    domainS: (clock.now().getTime() - maintenanceAt.getTime()) / 1000,
    engineCpuS: cpuS(engine.pid) - cpuBefore,
    engineMb: mostMb(engine.pid),
    statementsPerHost: ((await statements()) - statementsBefore) / hosts,
    novaPerHost: to('compute') / hosts,
    placementPerHost: to('placement') / hosts,
  };
}

function cpuS(pid: number): number {
  return Number(spawnSync('ps', ['-o', 'cputimes=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim());
}

/** The most that it ever had resident. */
function mostMb(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

function sentenceOf(found: Figures): string {
  const { hosts, state, moves, movesPerInstance, violations, domainS, engineCpuS, engineMb } = found;
  const { statementsPerHost, novaPerHost, placementPerHost } = found;
  return (
    `${hosts} hosts, ${moves} moves (${movesPerInstance.toFixed(2)} per instance): ${state} after ${domainS.toFixed(0)} s of domain time, ` +
    `${violations} violations; engine: ${engineCpuS} s of processor, ${engineMb.toFixed(0)} MB at most; per host ` +
    `${statementsPerHost.toFixed(0)} statements, ${novaPerHost.toFixed(1)} requests to Nova, ${placementPerHost.toFixed(1)} to Placement.`
  );
}
