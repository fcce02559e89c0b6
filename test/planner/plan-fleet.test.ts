import test from 'ava';
import type { FleetPlan } from '../../src/planner/fleet.js';
import { planFleet } from '../../src/planner/plan-fleet.js';
import { aFleet, aFleetGroup, aFleetHost, anInstance, NO_LIMITS, places } from '../support/fleet/snapshot.js';

const reasonsOf = ({ waits }: FleetPlan) =>
  Object.fromEntries(waits.map(({ host, instanceId, because }) => [instanceId ?? host, because]));
const done = (host: string, overrides = {}) => aFleetHost(host, [], { state: 'done', ...overrides });
const acked = (id: string, overrides = {}) => anInstance(id, { phase: 'acked', target: 'd', ...overrides });
const emptying = (host: string, instances: Parameters<typeof aFleetHost>[1], overrides = {}) =>
  aFleetHost(host, instances, { state: 'emptying', receives: false, ...overrides });

test('empty hosts begin first, and a host with instances waits while no maintained one can take them', (t) => {
  const plan = planFleet(aFleet([aFleetHost('full', ['a', 'b', 'c', 'd']), aFleetHost('free')]));
  t.deepEqual(plan.empty, ['free']);
  t.deepEqual(plan.ask, []);
});

test('a host that was found empty is maintained', (t) => {
  const plan = planFleet(aFleet([aFleetHost('h', [], { state: 'empty' })]));
  t.deepEqual(plan.maintain, ['h']);
});

test('a host whose room is there begins, and its projects are asked with a place on a maintained host', (t) => {
  t.deepEqual(planFleet(aFleet([aFleetHost('h', ['a']), done('d')])).empty, ['h']);
  const { ask } = planFleet(aFleet([emptying('h', ['a', 'b']), done('d')]));
  t.deepEqual(ask, [{ instanceId: 'a', target: 'd', expectedAt: 1000 }]);
});

test('what was acknowledged moves, one at a time from a host that lets one go', (t) => {
  const plan = planFleet(aFleet([emptying('h', [acked('a'), acked('b')]), done('d')]));
  t.deepEqual(plan.move, [{ instanceId: 'a', target: 'd' }]);
  t.is(reasonsOf(plan).b, 'source-limit');
});

test('where moves fill no whole number of rounds, the round that is not full comes first', (t) => {
  const limits = { ...NO_LIMITS, perSource: 4 };
  const roomy = done('d', { capacity: places(9), free: places(9) });
  const six = ['a', 'b', 'c', 'e', 'f', 'g'].map((id) => acked(id));
  const plan = planFleet(aFleet([emptying('h', six), roomy], { limits }));
  t.deepEqual([plan.move.length, reasonsOf(plan).g], [2, 'order']);
  const under = (id: string, at: number) => anInstance(id, { phase: 'moving', target: 'd', at });
  const four = six.slice(2);
  const movesBeside = (at: number) =>
    planFleet(aFleet([emptying('h', [under('a', at), under('b', at), ...four]), roomy], { limits })).move.length;
  t.is(movesBeside(1000), 0);
  // One that is late may hang: nobody waits for it.
  t.is(movesBeside(900), 2);
  t.is(planFleet(aFleet([emptying('h', four), roomy], { limits })).move.length, 4);
  const uneven = [...six.slice(1), acked('a', { moveS: 90 })];
  t.is(planFleet(aFleet([emptying('h', uneven), roomy], { limits })).move.length, 4);
});

test('the fullest host that fits is the target, never one that refused, is in another zone, or is excluded', (t) => {
  const one = anInstance('a', { refusedBy: ['tight'] });
  const targets = [
    done('tight', { free: places(1) }),
    done('east', { free: places(1), zone: 'east' }),
    done('off', { free: places(1), receives: false }),
    done('roomy', { free: places(3) }),
    aFleetHost('outside', [], { state: 'outside', free: places(2) }),
  ];
  t.is(planFleet(aFleet([emptying('h', [one]), ...targets])).ask[0]?.target, 'outside');
});

test('a place that was promised is given to nobody else, and another one is taken where it has gone', (t) => {
  const hosts = [emptying('h', [anInstance('a', { phase: 'asked', target: 'd', at: 1040 }), 'b'])];
  const limits = { ...NO_LIMITS, perSource: 2 };
  const plan = planFleet(
    aFleet([...hosts, done('d', { free: places(1) }), done('e', { free: places(4) })], { limits }),
  );
  t.deepEqual(
    plan.ask.map(({ instanceId, target }) => [instanceId, target]),
    [['b', 'e']],
  );
  const gone = planFleet(aFleet([emptying('h', [acked('a')]), done('d', { free: places(0) }), done('e')]));
  t.deepEqual(gone.move, [{ instanceId: 'a', target: 'e' }]);
});

test('a place that is held for an instance which nobody was told of yet is its own, and nobody else’s', (t) => {
  const held = anInstance('z', { target: 'd' });
  const limits = { ...NO_LIMITS, perSource: 2 };
  const targets = [done('d', { free: places(1) }), done('e', { free: places(4) })];
  const plan = planFleet(aFleet([emptying('h', ['a', held]), ...targets], { limits }));
  t.deepEqual(Object.fromEntries(plan.ask.map(({ instanceId, target }) => [instanceId, target])), { a: 'e', z: 'd' });
});

test('room for one more is kept beside an instance that wants it, and it goes even where there is none', (t) => {
  const told = anInstance('a', { phase: 'asked', target: 'd', at: 1040, keepsRoom: true });
  const limits = { ...NO_LIMITS, perSource: 2 };
  const out = aFleetHost('out', [], { state: 'in_maintenance', since: 900 });
  const asked = (free: number) =>
    planFleet(aFleet([emptying('h', [told, 'b']), done('d', { free: places(free) }), out], { limits })).ask.length;
  t.deepEqual([asked(2), asked(3)], [0, 1]);
  const alone = [emptying('h', [acked('a', { keepsRoom: true })]), done('d', { free: places(1) })];
  const { move, unkept } = planFleet(aFleet(alone));
  t.is(move.length, 1);
  t.deepEqual(unkept, ['a'], 'and it is said');
});

test('no more members of a group are impacted than it allows, and the end of a recovery is named', (t) => {
  const group = aFleetGroup('g', { recoveryS: 60, impacts: [{ instanceId: 'x', until: 1030 }] });
  const hosts = [emptying('h', [acked('a', { groupId: 'g' })]), done('d')];
  const held = planFleet(aFleet(hosts, { groups: [group] }));
  t.deepEqual(held.move, []);
  t.like(held.waits[0], { instanceId: 'a', because: 'recovery-time', until: 1030 });
  t.is(planFleet(aFleet(hosts, { groups: [group], now: 1030 })).move.length, 1);
});

test('two that were acknowledged do not take the same place of their group in one step', (t) => {
  const hosts = [
    emptying('h', [acked('a', { groupId: 'g' })]),
    emptying('i', [acked('b', { groupId: 'g' })]),
    done('d'),
  ];
  t.is(planFleet(aFleet(hosts, { groups: [aFleetGroup('g')] })).move.length, 1);
  t.is(planFleet(aFleet(hosts, { groups: [aFleetGroup('g', { maxImpacted: 2 })] })).move.length, 2);
});

test('members of a group that Fenix may not impact are left to their project', (t) => {
  const groups = [aFleetGroup('g', { maxImpacted: 0 })];
  const plan = planFleet(aFleet([emptying('h', [anInstance('a', { groupId: 'g' })]), done('d')], { groups }));
  t.deepEqual([plan.ask, reasonsOf(plan).a], [[], 'group-never']);
});

test('a host that has as many members of a group as it may have gets no more', (t) => {
  const groups = [aFleetGroup('g', { maxPerHost: 1, maxImpacted: 5 })];
  const pair = [anInstance('a', { groupId: 'g' }), anInstance('b', { groupId: 'g' })];
  const limits = { ...NO_LIMITS, perSource: 2 };
  const one = planFleet(
    aFleet([emptying('h', pair), done('d'), aFleetHost('out', [], { state: 'in_maintenance' })], { groups, limits }),
  );
  t.deepEqual([one.ask.length, reasonsOf(one).b], [1, 'anti-affinity']);
  const two = planFleet(aFleet([emptying('h', pair), done('d'), done('e')], { groups, limits }));
  t.deepEqual(two.ask.map(({ target }) => target).sort(), ['d', 'e']);
});

test('hosts at a time, in a set, moves at a time and towards a host are limited', (t) => {
  const empty = ['a', 'b', 'c'].map((host) => aFleetHost(host, [], { sets: ['rack'] }));
  const hosts = planFleet(aFleet(empty, { limits: { ...NO_LIMITS, hosts: 2 } }));
  t.deepEqual([hosts.empty, reasonsOf(hosts).c], [['a', 'b'], 'host-limit']);
  const sets = planFleet(aFleet(empty, { limits: { ...NO_LIMITS, perSet: { rack: 1 } } }));
  t.deepEqual([sets.empty, reasonsOf(sets).b], [['a'], 'set-limit']);
  const leaving = [emptying('h', [acked('x')]), emptying('i', [acked('y')]), done('d')];
  const moves = planFleet(aFleet(leaving, { limits: { ...NO_LIMITS, migrations: 1 } }));
  t.deepEqual([moves.move.length, reasonsOf(moves).y], [1, 'migration-limit']);
  const towards = planFleet(aFleet(leaving, { limits: { ...NO_LIMITS, perTarget: 1 } }));
  t.deepEqual([towards.move.length, reasonsOf(towards).y], [1, 'target-limit']);
});

test('a project is told as long before the expected move as it takes to answer', (t) => {
  const moving = (at: number) => anInstance('m', { phase: 'moving', target: 'd', at, moveS: 100 });
  const slow = anInstance('a', { answerS: 20 });
  const asksAt = (at: number) => planFleet(aFleet([emptying('h', [moving(at), slow]), done('d')])).ask.length;
  t.is(asksAt(1000), 0);
  t.is(asksAt(925), 1);
});

test('a host that leaves the cloud comes last, and nobody waits for its room', (t) => {
  const leaves = { leaves: true, receives: false };
  const limits = { ...NO_LIMITS, hosts: 1 };
  const both = planFleet(
    aFleet([aFleetHost('leaving', ['a'], leaves), aFleetHost('staying', ['b', 'c']), done('d')], { limits }),
  );
  t.deepEqual(both.empty, ['staying']);
  // What is out comes back and gives its room, but for one that leaves.
  const hosts = [aFleetHost('h', ['a', 'b', 'c', 'd']), done('d', { free: places(2) })];
  const out = aFleetHost('out', [], { state: 'in_maintenance', since: 430 });
  t.deepEqual(planFleet(aFleet([...hosts, out])).empty, ['h']);
  t.deepEqual(planFleet(aFleet([...hosts, { ...out, ...leaves }])).empty, []);
});

test('controllers are maintained one at a time, before any compute', (t) => {
  const controller = (host: string, state: 'waiting' | 'done') => aFleetHost(host, [], { state, isCompute: false });
  const plan = planFleet(aFleet([controller('c1', 'waiting'), controller('c2', 'waiting'), aFleetHost('h')]));
  t.deepEqual([plan.maintain, plan.empty, reasonsOf(plan).h], [['c1'], [], 'controllers-first']);
  t.deepEqual(planFleet(aFleet([controller('c1', 'done'), aFleetHost('h')])).empty, ['h']);
});

test('those who are stopped while their host is out are told last, and stopped when the others have left', (t) => {
  const stays = anInstance('s', { way: 'stays' });
  t.deepEqual(
    planFleet(aFleet([emptying('h', ['a', stays]), done('d')])).ask.map(({ instanceId }) => instanceId),
    ['a'],
  );
  t.deepEqual(
    planFleet(aFleet([emptying('h', [stays])])).ask.map(({ instanceId }) => instanceId),
    ['s'],
  );
  const told = anInstance('s', { way: 'stays', phase: 'acked' });
  t.deepEqual(planFleet(aFleet([emptying('h', [told])])).move, [{ instanceId: 's', target: null }]);
});

test('who moves itself is told without a target, and only with a place in its group', (t) => {
  const own = anInstance('a', { way: 'own', groupId: 'g' });
  const hosts = [emptying('h', [own]), done('d')];
  const free = planFleet(aFleet(hosts, { groups: [aFleetGroup('g')] }));
  t.like(free.ask[0], { instanceId: 'a', target: null });
  const taken = [aFleetGroup('g', { impacts: [{ instanceId: 'x', until: 1001 }] })];
  t.deepEqual(planFleet(aFleet(hosts, { groups: taken })).ask, []);
});

test('a host with an instance that nothing leads off is not begun', (t) => {
  const plan = planFleet(aFleet([aFleetHost('h', [anInstance('a', { way: 'never' })]), done('d')]));
  t.deepEqual([plan.empty, reasonsOf(plan).h], [[], 'immovable']);
  t.regex(plan.stuck ?? '', /instance a/);
});

test('half-emptied hosts do not wait for each other: the one that can be emptied gets the room', (t) => {
  const limits = { ...NO_LIMITS, perSource: 4 };
  const hosts = [emptying('h', [acked('a'), acked('b'), acked('c')]), emptying('i', [acked('x'), acked('y')])];
  const plan = planFleet(aFleet([...hosts, done('d', { free: places(2) })], { limits }));
  t.deepEqual(plan.move.map(({ instanceId }) => instanceId).sort(), ['x', 'y']);
});

test('a second host begins before all its room is free, if what is out will be back in time', (t) => {
  const out = aFleetHost('out', [], { state: 'in_maintenance', since: 430 });
  const hosts = [aFleetHost('h', ['a', 'b', 'c', 'd']), done('d', { free: places(2) })];
  t.deepEqual(planFleet(aFleet([...hosts, out])).empty, ['h']);
  t.deepEqual(planFleet(aFleet([...hosts, { ...out, since: 900 }])).empty, []);
});

test('where no host is empty but the sum is, the one that takes the fewest second moves is emptied onto waiting hosts', (t) => {
  const hosts = [aFleetHost('h', ['a', 'b', 'c']), aFleetHost('i', ['d', 'e']), aFleetHost('j', ['f', 'g', 'x'])];
  t.deepEqual(planFleet(aFleet(hosts)).empty, ['i']);
  const begun = [hosts[0], emptying('i', ['d', 'e']), hosts[2]].flatMap((host) => host ?? []);
  t.is(planFleet(aFleet(begun)).ask[0]?.target, 'h');
});

test('a scale-in is asked for only where no plan without it exists, and is the smallest', (t) => {
  const hosts = [
    aFleetHost('h', ['a', 'b', 'c', 'd']),
    aFleetHost('i', ['e', 'f', 'g']),
    aFleetHost('j', ['u', 'v', 'w']),
  ];
  const candidate = (instanceId: string, host: string, projectId: string) => ({
    projectId,
    host,
    zone: 'nova',
    instanceId,
    groupId: projectId,
    resources: places(1),
    spare: 2,
  });
  const scaleIn = [candidate('a', 'h', 'p'), candidate('e', 'i', 'q'), candidate('f', 'i', 'q')];
  const plan = planFleet(aFleet(hosts, { scaleIn }));
  t.deepEqual(plan.scaleIn, [{ projectId: 'q', instanceIds: ['e', 'f'] }]);
  const roomy = planFleet(aFleet([...hosts, aFleetHost('k')], { scaleIn }));
  t.deepEqual(roomy.scaleIn, []);
  t.regex(planFleet(aFleet(hosts)).stuck ?? '', /No host can be emptied/);
});

test('a host whose instances need more than all others have free is named with both figures', (t) => {
  const hosts = [
    aFleetHost('h', ['a', 'b', 'c', 'd']),
    aFleetHost('i', ['e', 'f', 'g']),
    done('d', { free: places(2) }),
  ];
  t.is(
    planFleet(aFleet(hosts)).stuck,
    'No host can be emptied: i: Its instances need 3 vCPUs, 3072 MB of memory and 30 GB of disk elsewhere, ' +
      'and all other hosts of zone nova together have 2 vCPUs, 2048 MB of memory and 20 GB of disk free.',
  );
});

test('nothing is stuck while something goes on', (t) => {
  const out = aFleetHost('out', [], { state: 'in_maintenance' });
  t.is(planFleet(aFleet([aFleetHost('h', ['a', 'b', 'c', 'd']), out])).stuck, undefined);
  t.is(planFleet(aFleet([done('d')])).stuck, undefined);
});
