import type { ExecutionContext } from 'ava';
import type { NewSession, SessionDetail } from '../../src/client/index.js';
import { createRandom, type Random } from '../../src/common/random.js';
import { isCast } from '../../src/messaging/faults.js';
import type { HistoryEntry, Reach } from '../../src/model/index.js';
import { type Dialect, generateTopology, type SimulatorLog, type Topology } from '../../src/simulator/index.js';
import { Scenario } from './scenario.js';

/** Who answers in the end, in whatever way; who ends a session under policy `fail`. */
const WILLING: readonly Dialect[] = ['reference', 'url', 'list', 'wary', 'slow', 'deferring', 'retiring', 'scaling'];
const UNWILLING: readonly Dialect[] = ['silent', 'refusing'];
const REACHES: readonly Reach[] = ['fail', 'skip_host', 'force'];

/** Reasons in which a session may truthfully fail, given what its cloud is like. */
type Excuse = 'nack' | 'silence' | 'plugin-failed' | 'no-room' | 'failure-budget' | 'instance-failed' | 'blocked';

export interface RandomCloud {
  readonly topology: Topology;
  readonly workflow: Record<string, unknown>;
  readonly session: Partial<NewSession>;
  readonly lossyBroker: boolean;
  readonly excuses: ReadonlySet<Excuse>;
}

/** A small cloud with its projects' managers, an admin's wishes and a broker's moods, all from the seed. */
export function randomCloud(seed: number): RandomCloud {
  const random = createRandom(seed);
  const excuses = new Set<Excuse>(['no-room', 'blocked']);
  const hosts = 2 + random.int(4);
  const emptyHosts = random.int(5) === 0 ? 0 : 1 + random.int(Math.min(2, hosts - 1));
  const used = hosts - emptyHosts;
  const instances = used + random.int(3 * used + 1);
  const generated = generateTopology({
    hosts,
    emptyHosts,
    instances,
    projects: 1 + random.int(3),
    seed,
    controllers: random.int(3),
    ...(random.int(4) === 0 && { fill: 'full' as const }),
    timings: { coldMigration: 2 + random.int(30), liveMigration: 2 + random.int(10), disabledTraitLag: random.int(8) },
  });
  const projects = generated.projects.map((project) => ({ ...project, manager: dialect(random, excuses) }));
  const topology = { ...generated, projects };
  return {
    topology,
    workflow: policies(random),
    session: wishes(random, topology, excuses),
    lossyBroker: random.int(3) === 0,
    excuses,
  };
}

function dialect(random: Random, excuses: Set<Excuse>): Dialect {
  if (random.int(8) > 0) {
    const willing = random.pick(WILLING);
    // Who shows no sign of acting for longer than a window and its repeat counts as silent.
    if (willing === 'scaling' || willing === 'slow') excuses.add('silence');
    return willing;
  }
  for (const excuse of ['nack', 'silence', 'failure-budget'] as const) excuses.add(excuse);
  return random.pick(UNWILLING);
}

function policies(random: Random): Record<string, unknown> {
  return {
    nack: random.pick(REACHES),
    silence: random.pick(REACHES),
    plugin_failed: random.pick(REACHES),
    default_recovery_time: random.int(3) * 10,
    ...(random.int(3) === 0 && { failure_budget: random.int(2) }),
  };
}

function wishes(random: Random, topology: Topology, excuses: Set<Excuse>): Partial<NewSession> {
  const names = topology.hosts.map(({ name }) => name);
  const failing = random.int(4) === 0 ? [random.pick(names)] : [];
  if (failing.length > 0) for (const excuse of ['plugin-failed', 'failure-budget'] as const) excuses.add(excuse);
  const metadata = { duration: random.int(60), fail_on: failing };
  return {
    actions: [{ plugin: 'noop', type: 'host', metadata }],
    ...(random.int(4) === 0 && { hosts: names.filter(() => random.int(3) > 0) }),
  };
}

export interface Judged {
  readonly state: string;
  readonly reason: string;
  /** What went wrong, one sentence each; empty = as it should. */
  readonly faults: readonly string[];
}

/** Runs one session on the cloud of the seed and judges it by the simulator's log. */
export async function runRandomCloud(t: ExecutionContext, seed: number): Promise<Judged> {
  const cloud = randomCloud(seed);
  const scenario = await Scenario.start(t, {
    topology: cloud.topology,
    options: { workflow: cloud.workflow as never },
    ...(cloud.lossyBroker && {
      faults: { seed, loss: 0.3, duplicates: 0.3, delay: { maxTurns: 5 }, reorder: true, appliesTo: isCast },
    }),
  });
  try {
    await scenario.system.startEngine();
    const id = await scenario.create(cloud.session);
    const detail = await scenario.finish(id);
    return { state: detail.state, reason: detail.reason?.code ?? '', faults: await faultsOf(scenario, cloud, detail) };
  } finally {
    await scenario.stop();
  }
}

async function faultsOf(scenario: Scenario, cloud: RandomCloud, detail: SessionDetail): Promise<string[]> {
  const { simulator } = scenario.system;
  const { violations, moves } = simulator.report();
  const stays = new Set(detail.hosts.filter((host) => host.disabled).map((host) => host.hostname));
  const history = await scenario.history(detail.session_id);
  const faults = violations
    .filter(
      ({ rule, sentence }) => rule !== 'left-disabled' || ![...stays].some((host) => sentence.includes(`${host} `)),
    )
    .map(({ sentence }) => sentence);
  for (const host of detail.hosts.filter((one) => one.disabled)) {
    if (host.state !== 'failed' && host.state !== 'in_maintenance')
      faults.push(`${host.hostname} stays disabled as ${host.state}.`);
  }
  for (const [id, times] of moves) {
    if (times > 1 && !isExplained(history, id))
      faults.push(`Instance ${id} was moved ${times} times without a reason.`);
  }
  faults.push(...plugInsOnOccupiedHosts(history, simulator.log));
  if (detail.state === 'MAINTENANCE_FAILED' && !cloud.excuses.has(detail.reason?.code as Excuse)) {
    faults.push(`It failed for no reason that this cloud has: ${JSON.stringify(detail.reason)}`);
  }
  return faults;
}

/** A plan that sends an instance to a host which is still to be maintained says so. */
function isExplained(history: readonly HistoryEntry[], instanceId: string): boolean {
  return history.some(
    ({ what, details }) => what === 'plan' && (details.again as string[] | undefined)?.includes(instanceId),
  );
}

/** By the simulator's claims: whether anything was on a host while it was in maintenance. */
function plugInsOnOccupiedHosts(history: readonly HistoryEntry[], log: SimulatorLog): string[] {
  const faults: string[] = [];
  for (const begun of history.filter(({ what, details }) => what === 'host' && details.to === 'in_maintenance')) {
    const host = begun.details.host;
    const ended = history.find(
      ({ what, at, details }) =>
        what === 'host' && at >= begun.at && details.from === 'in_maintenance' && details.host === host,
    );
    const there = new Set<string>();
    for (const entry of log.entries()) {
      if (ended !== undefined && entry.at >= ended.at) break;
      if (entry.kind === 'claim' && entry.host === host) there.add(entry.consumer);
      if (entry.kind === 'release' && entry.host === host) there.delete(entry.consumer);
      if (entry.at > begun.at && there.size > 0) {
        faults.push(`${host} was in maintenance with ${[...there].join(', ')} on it.`);
        break;
      }
    }
  }
  return faults;
}
