import { type CloudGroup, type CloudHost, type CloudInstance, type FleetCloud, places } from './cloud.js';
import { Random } from './random.js';

/** Small clouds of any kind, tight and roomy ones, with every constraint; the seed says which. */
export function smallCloud(seed: number): FleetCloud {
  const random = new Random(seed);
  const zones = random.of([1, 1, 2]);
  const groups = groupsOf(random);
  const count = random.between(3, 10);
  const empty = random.between(0, 2);
  const hosts = Array.from({ length: count }, (_, index): CloudHost => {
    const size = random.of([4, 8, 8]);
    const actionS = random.lognormal(300, 0.5);
    const basics = { host: `h${index}`, zone: `z${index % zones}`, sets: [`r${index % 3}`], capacity: places(size) };
    const instances = index < empty * zones ? [] : instancesOf(random, index, size, groups);
    return { ...basics, expectedS: random.of([actionS, 300]), actionS, instances };
  });
  const infinite = Number.POSITIVE_INFINITY;
  return {
    hosts,
    groups,
    limits: {
      hosts: random.of([infinite, 1, 3]),
      migrations: random.of([infinite, 1, 4]),
      perSource: random.of([1, 2, infinite]),
      perTarget: random.of([infinite, 1, 2]),
      perSet: random.of([{}, { r0: 1 }]),
      controllers: 1,
    },
    refusals: random.of([0, 0, 0.1]),
    failures: random.of([0, 0, 0.1]),
    secondMoves: random.of(['one-host', 'first-wave']),
  };
}

/** The same, maintained by two sessions at once: they share groups and room, each has hosts of its own. */
export function sharedCloud(seed: number): FleetCloud {
  const cloud = smallCloud(seed);
  const random = new Random(seed * 31);
  return { ...cloud, hosts: cloud.hosts.map((host) => ({ ...host, session: random.of([0, 1]) })) };
}

function groupsOf(random: Random): CloudGroup[] {
  return Array.from({ length: random.between(1, 4) }, (_, index) => {
    const rules = { maxImpacted: random.between(1, 3), maxPerHost: random.of([0, 0, 1, 2]) };
    return { groupId: `g${index}`, ...rules, recoveryS: random.of([0, 30]) };
  });
}

function instancesOf(random: Random, host: number, size: number, groups: readonly CloudGroup[]): CloudInstance[] {
  const instances: CloudInstance[] = [];
  const members = new Map<string, number>();
  let left = random.between(0, size);
  while (left > 0) {
    const flavor = Math.min(left, random.of([1, 1, 2, 3]));
    left -= flavor;
    const instanceId = `h${host}-${instances.length}`;
    const group = random.of(groups);
    const most = group.maxPerHost === 0 ? Number.POSITIVE_INFINITY : group.maxPerHost;
    const taken = members.get(group.groupId) ?? 0;
    const joins = random.next() < 0.6 && taken < most;
    if (joins) members.set(group.groupId, taken + 1);
    const durations = {
      answerS: random.of([0, 10, 60]),
      moveS: random.of([5, 20, 60]),
      keepsRoom: random.next() < 0.2,
    };
    const way = random.of(['place', 'place', 'place', 'place', 'place', 'own', 'stays'] as const);
    instances.push({
      instanceId,
      groupId: joins ? group.groupId : instanceId,
      resources: places(flavor),
      way,
      ...durations,
    });
  }
  return instances;
}
