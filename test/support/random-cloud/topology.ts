import type { Random } from '../../../src/common/random.js';
import {
  ASKED_STATES,
  type Dialect,
  generateTopology,
  type ManagerOptions,
  parseTopology,
  type Topology,
  type TopologyProject,
} from '../../../src/simulator/index.js';
import { randomFaults } from './faults.js';
import { between, onceIn, oneIn } from './knobs.js';

type Host = Topology['hosts'][number];
type Instance = NonNullable<TopologyProject['instances']>[number];

/** Who answers in the end, in whatever way; and who does not, or says no. */
const WILLING: readonly Dialect[] = [
  'reference',
  'url',
  'list',
  'wary',
  'slow',
  'deferring',
  'retiring',
  'reinstantiating',
  'scaling',
  'greedy',
];
const UNWILLING: readonly Dialect[] = ['silent', 'refusing', 'none'];
const ACTIONS = ['MIGRATE', 'MIGRATE', 'LIVE_MIGRATE', 'OWN_ACTION'] as const;

/** A small cloud of two to five hosts: what stands on it, who answers for it, and what goes wrong there by itself. */
export function randomTopology(random: Random, seed: number): Topology {
  const told = oneIn(random, 3);
  const generated = evenCloud(random, seed, told);
  const faults = randomFaults(random, seed);
  const hosts = generated.hosts.map((host) => ({ ...host, ...oddHost(random) }));
  const breaks =
    faults.moves !== undefined || hosts.some(({ up, downAfter }) => up === false || downAfter !== undefined);
  return parseTopology({
    ...generated,
    hosts,
    projects: generated.projects.map((project) => ({
      ...project,
      // What nobody told of a group nobody keeps once a member has failed by itself.
      groups: project.groups?.map((group) => (breaks && !told ? { name: group.name, id: group.id } : group)),
      instances: project.instances?.map((instance) => ({ ...instance, ...oddInstance(random, generated, instance) })),
      manager: manager(random, told),
    })),
    ...onceIn(random, 5, () => ({ churn: { perHour: between(random, 20, 120), lifetime: 90, seed } })),
    faults,
  });
}

function evenCloud(random: Random, seed: number, told: boolean): Topology {
  const hosts = between(random, 2, 5);
  const emptyHosts = oneIn(random, 8) ? 0 : between(random, 1, Math.min(2, hosts - 1));
  const used = hosts - emptyHosts;
  const instances = used + random.int(2 * used + 1);
  const projects = between(random, 1, 3);
  return generateTopology({
    hosts,
    emptyHosts,
    instances,
    projects,
    seed,
    controllers: random.int(3),
    ...onceIn(random, 4, () => ({ fill: 'full' as const })),
    ...(hosts > 3 && onceIn(random, 5, () => ({ zones: 2 }))),
    ...(told && {
      constraints: { maxImpacted: between(random, 1, 2), recoveryTime: random.int(3) * 10 },
      antiAffinity: Math.ceil(instances / projects) <= used,
    }),
    timings: {
      coldMigration: between(random, 2, 31),
      liveMigration: between(random, 2, 11),
      disabledTraitLag: random.int(8),
      ...onceIn(random, 3, () => ({ allocationLag: between(random, 1, 20) })),
    },
  });
}

/** Disabled or down before, failing meanwhile, larger than the others, a controller as well. */
function oddHost(random: Random): Partial<Host> {
  switch (random.int(36)) {
    case 0:
      return { enabled: false, disabledReason: 'a broken fan' };
    case 1:
      return { up: false };
    case 2:
      return { downAfter: between(random, 30, 300), ...onceIn(random, 2, () => ({ upAfter: 600 })) };
    case 3:
      return { vcpus: 32, memoryMb: 65_536, diskGb: 320 };
    case 4:
      return { controller: true };
    default:
      return {};
  }
}

function oddInstance(random: Random, cloud: Topology, { host }: Instance): Partial<Instance> {
  switch (random.int(60)) {
    case 0:
      return { state: 'SHUTOFF' };
    case 1:
      return { state: 'PAUSED' };
    case 2:
      return { state: 'ERROR' };
    case 3:
      return { state: 'SOFT_DELETED' };
    case 4:
      return { state: 'SUSPENDED' };
    case 5:
      return { locked: true };
    case 6:
      return { floatingIp: true };
    case 7: {
      const zone = cloud.hosts.find(({ name }) => name === host)?.zone;
      return zone === undefined ? {} : { zone };
    }
    case 8:
      return ownersResize(random, cloud, host);
    default:
      return {};
  }
}

/** Its owner has resized it from a host that is large enough for that, and confirms it late or never. */
function ownersResize(random: Random, cloud: Topology, host: string): Partial<Instance> {
  const occupied = new Set(cloud.projects.flatMap(({ instances = [] }) => instances.map((instance) => instance.host)));
  const from = cloud.hosts.find(({ name }) => name !== host && !occupied.has(name));
  if (from === undefined) return {};
  return { resizedFrom: from.name, ...(oneIn(random, 4) ? {} : { confirmAfter: between(random, 60, 400) }) };
}

function manager(random: Random, told: boolean): ManagerOptions {
  const dialect = random.pick(oneIn(random, 8) ? UNWILLING : WILLING);
  return {
    dialect,
    constraints: told,
    action: random.pick(ACTIONS),
    ...onceIn(random, 3, () => ({ inState: random.pick(ASKED_STATES) })),
    ...(dialect === 'reference' && onceIn(random, 2, () => ({ answerAfter: between(random, 0, 30) }))),
  };
}
