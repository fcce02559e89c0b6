import type { FleetLimits } from '../../src/planner/fleet.js';
import {
  type CloudGroup,
  type CloudHost,
  type CloudInstance,
  type FleetCloud,
  NO_LIMITS,
  places,
} from '../../test/support/fleet/cloud.js';
import { Random } from '../../test/support/fleet/random.js';

/** A row of the comparison. */
export interface MakespanCase {
  readonly name: string;
  cloud(seed: number): FleetCloud;
  /** What an ideal model of slots reaches with a simple policy, and batches; by `referenceBound`. */
  readonly simple?: number;
  readonly batches?: number;
  /** Most seeds, where a run takes long. */
  readonly mostSeeds?: number;
  /** Moves are short beside actions: efficiency is wanted absolutely. */
  readonly wanted?: number;
}

interface Even {
  readonly hosts: number;
  readonly slots: number;
  readonly filled?: number;
  readonly empty: number;
  readonly cv: number;
  readonly moveS?: number;
  readonly actionS?: number;
  readonly answerS?: number;
  readonly limits?: Partial<FleetLimits>;
  readonly secondMoves?: FleetCloud['secondMoves'];
  /** Nothing is known ahead of how long the actions of one host take, but for the mean of all. */
  readonly isUnknown?: boolean;
}

/** Hosts of one size, instances of one slot, each a group of its own. */
function even(of: Even): (seed: number) => FleetCloud {
  const { actionS = 600, moveS = 20, answerS = 0, filled = of.slots, secondMoves = 'one-host' } = of;
  return (seed) => {
    const random = new Random(seed);
    const hosts = Array.from({ length: of.hosts }, (_, index): CloudHost => {
      const host = nameOf(index);
      const takes = random.lognormal(actionS, of.cv);
      const instances = Array.from({ length: index < of.empty ? 0 : filled }, (_, n): CloudInstance => {
        const instanceId = `${host}-${n}`;
        return { instanceId, groupId: instanceId, resources: places(1), way: 'place', answerS, moveS };
      });
      const expectedS = of.isUnknown === true ? actionS : takes;
      const size = { capacity: places(of.slots), expectedS, actionS: takes };
      return { host, zone: 'nova', sets: [], ...size, instances };
    });
    return { hosts, groups: [], limits: { ...NO_LIMITS, ...of.limits }, refusals: 0, failures: 0, secondMoves };
  };
}

const nameOf = (index: number): string => `h${String(index).padStart(4, '0')}`;

const full80 = { hosts: 100, slots: 10, filled: 8, empty: 0, cv: 0.3 };
const hundred = { hosts: 100, slots: 10, empty: 10 };

export const CASES: readonly MakespanCase[] = [
  { name: '100×10, 10 empty, cv 0', cloud: even({ ...hundred, cv: 0 }), simple: 0.9, batches: 0.9, wanted: 0.9 },
  { name: 'same, cv 0.3', cloud: even({ ...hundred, cv: 0.3 }), simple: 0.89, batches: 0.64, wanted: 0.85 },
  { name: 'same, cv 0.6', cloud: even({ ...hundred, cv: 0.6 }), simple: 0.88, batches: 0.49 },
  { name: 'same, cv 0.03, not known ahead', cloud: even({ ...hundred, cv: 0.03, isUnknown: true }) },
  { name: 'same, cv 0.3, not known ahead', cloud: even({ ...hundred, cv: 0.3, isUnknown: true }) },
  {
    name: 'same, cv 0.3, answers 60 s',
    cloud: even({ ...hundred, cv: 0.3, answerS: 60 }),
    simple: 0.83,
    batches: 0.61,
    wanted: 0.85,
  },
  {
    name: 'same, cv 0.3, 4 moves per host',
    cloud: even({ ...hundred, cv: 0.3, limits: { perSource: 4 } }),
    simple: 0.96,
    batches: 0.66,
    wanted: 0.85,
  },
  {
    name: '100×10, 1 empty, cv 0.3',
    cloud: even({ ...hundred, empty: 1, cv: 0.3 }),
    simple: 0.89,
    batches: 0.89,
    wanted: 0.85,
  },
  {
    name: '100×10, 30 empty, P 10, cv 0.3',
    cloud: even({ ...hundred, empty: 30, cv: 0.3, limits: { hosts: 10 } }),
    simple: 0.8,
    batches: 0.57,
    wanted: 0.85,
  },
  {
    name: '1000×20, 50 empty, cv 0.3',
    cloud: even({ hosts: 1000, slots: 20, empty: 50, cv: 0.3 }),
    mostSeeds: 3,
    simple: 0.81,
    batches: 0.53,
    wanted: 0.85,
  },
  { name: '20×10, 2 empty, cv 0.3', cloud: even({ hosts: 20, slots: 10, empty: 2, cv: 0.3 }), wanted: 0.85 },
  {
    name: '100×10, all 80 % full, cv 0.3, first wave',
    cloud: even({ ...full80, secondMoves: 'first-wave' }),
    simple: 0.9,
    batches: 0.61,
    wanted: 0.85,
  },
  { name: 'same, second moves of one host only', cloud: even(full80) },
  {
    name: '20×10, 2 empty, t 60, T 300, cv 0',
    cloud: even({ hosts: 20, slots: 10, empty: 2, cv: 0, moveS: 60, actionS: 300 }),
  },
  { name: 'same, cv 0.3', cloud: even({ hosts: 20, slots: 10, empty: 2, cv: 0.3, moveS: 60, actionS: 300 }) },
  {
    name: '20×10, 5 empty, t 60, T 300, cv 0.3',
    cloud: even({ hosts: 20, slots: 10, empty: 5, cv: 0.3, moveS: 60, actionS: 300 }),
  },
  { name: '60 uneven hosts, mixed flavors', cloud: (seed) => mixed(seed, {}) },
  { name: 'same, groups of 8, K 1, R 60', cloud: (seed) => mixed(seed, { groups: true }) },
  { name: 'same, three zones', cloud: (seed) => mixed(seed, { zones: 3 }) },
  { name: 'same, 10 % stopped while out', cloud: (seed) => mixed(seed, { staying: 0.1 }) },
  {
    name: 'same, 5 % of moves refused, 3 % of hosts fail',
    cloud: (seed) => mixed(seed, { refusals: 0.05, failures: 0.03 }),
  },
];

interface Mixture {
  readonly hosts?: number;
  readonly empty?: number;
  readonly groups?: boolean;
  readonly zones?: number;
  readonly staying?: number;
  readonly refusals?: number;
  readonly failures?: number;
  readonly cv?: number;
  readonly answerS?: number;
  readonly moveS?: number;
  readonly limits?: Partial<FleetLimits>;
}

/** Hosts of three sizes and instances of three, filled to about nine tenths; one in eight is empty. */
export function mixed(seed: number, of: Mixture): FleetCloud {
  const random = new Random(seed);
  const { hosts: count = 60, zones = 1, empty = Math.ceil(count / 8), cv = 0.3, answerS = 0, moveS = 20 } = of;
  const groups: CloudGroup[] = [];
  const groupOf = grouping(random, groups, of.groups === true);
  const hosts = Array.from({ length: count }, (_, index): CloudHost => {
    const host = nameOf(index);
    const size = random.of([8, 16, 16, 32]);
    const takes = random.lognormal(600, cv);
    const instances: CloudInstance[] = [];
    let left = index < empty ? 0 : Math.floor(size * (0.8 + 0.2 * random.next()));
    while (left > 0) {
      const flavor = Math.min(left, random.of([1, 1, 2, 4]));
      left -= flavor;
      const instanceId = `${host}-${instances.length}`;
      const stays = random.next() < (of.staying ?? 0);
      const basics = { instanceId, groupId: groupOf(instanceId, host), resources: places(flavor), answerS, moveS };
      instances.push({ ...basics, way: stays ? 'stays' : 'place' });
    }
    const basics = { capacity: places(size), expectedS: takes, actionS: takes };
    return { host, zone: `zone${index % zones}`, sets: [], ...basics, instances };
  });
  const rates = { refusals: of.refusals ?? 0, failures: of.failures ?? 0 };
  return { hosts, groups, limits: { ...NO_LIMITS, ...of.limits }, ...rates, secondMoves: 'one-host' };
}

/** Groups of eight on different hosts, one impacted at a time with a minute of recovery; or each instance by itself. */
function grouping(random: Random, groups: CloudGroup[], grouped: boolean) {
  const open: { readonly groupId: string; members: number; readonly hosts: Set<string> }[] = [];
  return (instanceId: string, host: string): string => {
    if (!grouped || random.next() < 0.5) return instanceId;
    let group = open.find(({ members, hosts }) => members < 8 && !hosts.has(host));
    if (group === undefined) {
      group = { groupId: `g${groups.length}`, members: 0, hosts: new Set() };
      open.push(group);
      groups.push({ groupId: group.groupId, maxImpacted: 1, maxPerHost: 0, recoveryS: 60 });
    }
    group.members += 1;
    group.hosts.add(host);
    return group.groupId;
  };
}

/** Clouds of any kind; the seed says which. */
export function drawn(seed: number): FleetCloud {
  const random = new Random(seed * 7919);
  const hosts = random.between(10, 80);
  return mixed(seed, {
    hosts,
    empty: random.between(Math.ceil(hosts / 20) + 1, Math.ceil(hosts / 4) + 1),
    groups: random.next() < 0.5,
    zones: random.of([1, 1, 2]),
    staying: random.of([0, 0, 0.1]),
    refusals: random.of([0, 0.05]),
    failures: random.of([0, 0, 0.03]),
    cv: random.of([0, 0.3, 0.6]),
    answerS: random.of([0, 30, 60]),
    moveS: random.of([10, 20, 60]),
    limits: {
      hosts: random.of([Number.POSITIVE_INFINITY, 5, 10]),
      perSource: random.of([1, 2, 4]),
      migrations: random.of([Number.POSITIVE_INFINITY, 8]),
    },
  });
}

/** Hosts of twenty instances, one in twenty empty; half of the instances in 100 groups, of which five may be impacted. */
export function grouped(hosts: number, seed: number): FleetCloud {
  const plain = even({ hosts, slots: 20, empty: Math.ceil(hosts / 20), cv: 0.3 })(seed);
  const groups = Array.from({ length: 100 }, (_, index) => ({ groupId: `g${index}`, ...FIVE }));
  const random = new Random(seed);
  const withGroup = (instance: CloudInstance): CloudInstance =>
    random.next() < 0.5 ? instance : { ...instance, groupId: random.of(groups).groupId };
  return {
    ...plain,
    groups,
    hosts: plain.hosts.map((host) => ({ ...host, instances: host.instances.map(withGroup) })),
  };
}

const FIVE = { maxImpacted: 5, maxPerHost: 0, recoveryS: 0 };
