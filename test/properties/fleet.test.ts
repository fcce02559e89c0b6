import test from 'ava';
import type { FleetPlan, FleetSnapshot } from '../../src/planner/fleet.js';
import { lowerBound } from '../../src/planner/lower-bound.js';
import { planFleet } from '../../src/planner/plan-fleet.js';
import { sharedCloud, smallCloud } from '../support/fleet/small-cloud.js';
import { type FleetPolicy, FleetWorld } from '../support/fleet/world.js';

/** How many clouds, and the seed of the first one. */
const CASES = Number(process.env.FENIX_PROPERTY_CASES ?? 1000);
const FIRST = Number(process.env.FENIX_PROPERTY_SEED ?? 1);
const seeds = Array.from({ length: CASES }, (_, index) => FIRST + index);

/** Hosts and instances that the plan leaves as they are, and says nothing about. */
function unexplained({ hosts }: FleetSnapshot, plan: FleetPlan): string[] {
  const named = new Set([
    ...plan.empty,
    ...[...plan.ask, ...plan.move].map(({ instanceId }) => instanceId),
    ...plan.waits.map(({ host, instanceId }) => instanceId ?? host),
  ]);
  const idle = hosts.filter(({ state }) => state === 'waiting').map(({ host }) => host);
  const emptying = hosts.filter(({ state }) => state === 'emptying').flatMap(({ instances }) => instances);
  const held = emptying.filter(({ phase }) => phase !== 'moving' && phase !== 'gone');
  return [...idle, ...held.map(({ instanceId }) => instanceId)].filter((name) => !named.has(name));
}

test('on clouds of any kind no rule is broken, everything that waits has a reason, and who halts says why', (t) => {
  for (const seed of seeds) {
    const silent: string[] = [];
    const policy: FleetPolicy = (snapshot) => {
      const plan = planFleet(snapshot);
      silent.push(...unexplained(snapshot, plan));
      return plan;
    };
    const run = new FleetWorld(smallCloud(seed), seed).run(policy);
    t.deepEqual(run.violations, [], `seed ${seed}`);
    t.deepEqual(silent, [], `seed ${seed}`);
    t.true(Number.isFinite(run.makespanS) || run.stuck !== undefined, `seed ${seed} halts without a reason`);
  }
});

test('two sessions that share groups and room break no rule together, and who halts says why', (t) => {
  for (const seed of seeds) {
    const run = new FleetWorld(sharedCloud(seed), seed).run(planFleet);
    t.deepEqual(run.violations, [], `seed ${seed}`);
    t.true(Number.isFinite(run.makespanS) || run.stuck !== undefined, `seed ${seed} halts without a reason`);
  }
});

test('two sessions of which none is held to what the other has begun meanwhile are found out', (t) => {
  const broken = seeds.slice(0, 100).some((seed) => {
    const world = new FleetWorld(sharedCloud(seed), seed, { admission: 'forgotten' });
    return world.run(planFleet).violations.length > 0;
  });
  t.true(broken);
});

test('no session is faster than the lower bound of its cloud', (t) => {
  for (const seed of seeds.slice(0, CASES / 4)) {
    const cloud = { ...smallCloud(seed), failures: 0 };
    const world = new FleetWorld(cloud, seed);
    const { hosts, ...rest } = world.snapshot();
    // Told what actions will really take; own actions go where they like.
    const known = hosts.map((host, index) => ({ ...host, actionS: cloud.hosts[index]?.actionS ?? 0 }));
    const { boundS, onceS } = lowerBound({ ...rest, hosts: known });
    const { makespanS, moves, instances } = world.run(planFleet);
    t.true(makespanS >= boundS - 1e-6, `seed ${seed}: ${makespanS} is below ${boundS}`);
    const staying = cloud.hosts.flatMap((host) => host.instances).filter(({ way }) => way === 'stays').length;
    const once =
      moves === instances - staying && cloud.hosts.every((host) => host.instances.every((one) => one.way !== 'own'));
    if (once) t.true(makespanS >= onceS - 1e-6, `seed ${seed}: ${makespanS} is below ${onceS}, moved once`);
  }
});

test('the same snapshot has the same plan, and is left as it was', (t) => {
  for (const seed of seeds.slice(0, CASES / 20)) {
    new FleetWorld(smallCloud(seed), seed).run((snapshot) => {
      const before = structuredClone(snapshot);
      const plan = planFleet(snapshot);
      t.deepEqual(snapshot, before);
      t.deepEqual(planFleet(before), plan);
      return plan;
    });
  }
});

/** Planners with a mistake each: whoever watches must see every one of them. */
const MISTAKES: Readonly<Record<string, (plan: FleetPlan, snapshot: FleetSnapshot) => FleetPlan>> = {
  'forgets groups': (_, snapshot) => planFleet({ ...snapshot, groups: snapshot.groups.map(boundless) }),
  'forgets recovery': (_, snapshot) => planFleet({ ...snapshot, groups: snapshot.groups.map(onlyUnderWay) }),
  'forgets anti-affinity': (_, snapshot) =>
    planFleet({ ...snapshot, groups: snapshot.groups.map((group) => ({ ...group, maxPerHost: 0 })) }),
  'forgets how much is free': (_, snapshot) =>
    planFleet({ ...snapshot, hosts: snapshot.hosts.map((host) => ({ ...host, free: host.capacity })) }),
  'forgets zones': (_, snapshot) =>
    planFleet({ ...snapshot, hosts: snapshot.hosts.map((host) => ({ ...host, zone: 'all' })) }),
  'forgets the limit of hosts': (_, snapshot) => planFleet(limited(snapshot, { hosts: Number.POSITIVE_INFINITY })),
  'forgets the limit of a set': (_, snapshot) => planFleet(limited(snapshot, { perSet: {} })),
  'forgets the limit of moves': (_, snapshot) =>
    planFleet(limited(snapshot, { migrations: Number.POSITIVE_INFINITY, perSource: Number.POSITIVE_INFINITY })),
  'forgets the limit of a target': (_, snapshot) =>
    planFleet(limited(snapshot, { perTarget: Number.POSITIVE_INFINITY })),
  'does not wait for answers': (plan, { hosts }) => {
    const asked = hosts.flatMap(({ instances }) => instances).filter(({ phase }) => phase === 'asked');
    return { ...plan, move: [...plan.move, ...asked.map(({ instanceId, target }) => ({ instanceId, target }))] };
  },
  'maintains before a host is empty': (plan, { hosts }) => {
    const early = hosts.filter(({ state, instances }) => state === 'emptying' && instances.length === 1);
    return { ...plan, maintain: [...plan.maintain, ...early.map(({ host }) => host)] };
  },
  'sends to hosts that are out': (plan, { hosts }) => {
    const out = hosts.find(({ state }) => state === 'in_maintenance');
    return out === undefined ? plan : { ...plan, move: plan.move.map((move) => ({ ...move, target: out.host })) };
  },
};

const boundless = (group: FleetSnapshot['groups'][number]) => ({ ...group, maxImpacted: 99 });
const onlyUnderWay = (group: FleetSnapshot['groups'][number]) => ({
  ...group,
  recoveryS: 0,
  impacts: group.impacts.filter(({ until }) => until === null),
});
const limited = (snapshot: FleetSnapshot, limits: Partial<FleetSnapshot['limits']>): FleetSnapshot => ({
  ...snapshot,
  limits: { ...snapshot.limits, ...limits },
});

for (const [name, mistake] of Object.entries(MISTAKES)) {
  test(`a planner that ${name} is found out`, (t) => {
    const found = seeds.slice(0, 100).some((seed) => {
      const world = new FleetWorld(smallCloud(seed), seed);
      try {
        return world.run((snapshot) => mistake(planFleet(snapshot), snapshot)).violations.length > 0;
      } catch {
        // A world that comes apart has not been judged.
        return false;
      }
    });
    t.true(found);
  });
}
