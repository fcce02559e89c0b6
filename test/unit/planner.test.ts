import test from 'ava';
import fc from 'fast-check';
import { addResources, fitsIn, NO_RESOURCES, type Resources } from '../../src/model/index.js';
import type { HostPlanSnapshot } from '../../src/planner/host-plan.js';
import { planHost } from '../../src/planner/plan-host.js';
import { inlinePlanner, ThreadPlanner } from '../../src/planner/planner.js';
import { countsAt, freeRoom, groupRefusal, roomRefusal } from '../../src/planner/rules.js';
import { anImpact, at, HOST_SIZE, SMALL } from '../support/engine-views.js';

const amounts = (most: number) =>
  fc.record({
    vcpus: fc.integer({ min: 0, max: most }),
    memoryMb: fc.integer({ min: 0, max: most * 1024 }),
    diskGb: fc.integer({ min: 0, max: most * 10 }),
  });
const zones = fc.constantFrom('east', 'west');
const hostNames = ['h0', 'h1', 'h2', 'h3', 'h4'];

const snapshots: fc.Arbitrary<HostPlanSnapshot> = fc.record({
  host: fc.constant('leaving'),
  instances: fc
    .array(fc.record({ zone: zones, resources: amounts(4), refusedBy: fc.subarray(hostNames) }), { maxLength: 8 })
    .map((list) => list.map((item, index) => ({ ...item, instanceId: `i${index}` }))),
  targets: fc
    .array(fc.record({ zone: zones, free: amounts(8) }), { maxLength: hostNames.length })
    .map((list) => list.map((item, index) => ({ ...item, host: hostNames[index] as string }))),
});

const instance = (instanceId: string, resources: Resources = SMALL, refusedBy: string[] = []) => ({
  instanceId,
  zone: 'nova',
  resources,
  refusedBy,
});
const target = (host: string, free: Resources = HOST_SIZE) => ({ host, zone: 'nova', free });

test('whatever is planned fits every target in every resource, keeps the zone and avoids who refused', (t) => {
  fc.assert(
    fc.property(snapshots, (snapshot) => {
      const { moves } = planHost(snapshot);
      const taken = new Map<string, Resources>();
      for (const { instanceId, target: host } of moves) {
        const moved = snapshot.instances.find((candidate) => candidate.instanceId === instanceId);
        const onto = snapshot.targets.find((candidate) => candidate.host === host);
        if (moved === undefined || onto === undefined) return false;
        if (moved.zone !== onto.zone || moved.refusedBy.includes(host)) return false;
        taken.set(host, addResources(taken.get(host) ?? NO_RESOURCES, moved.resources));
      }
      return snapshot.targets.every(({ host, free }) => fitsIn(taken.get(host) ?? NO_RESOURCES, free));
    }),
  );
  t.pass();
});

test('every instance is either planned or refused, once, and who is said to have refused had room and did', (t) => {
  fc.assert(
    fc.property(snapshots, (snapshot) => {
      const { moves, blocked } = planHost(snapshot);
      const named = [...moves, ...blocked].map(({ instanceId }) => instanceId).sort();
      t.deepEqual(named, snapshot.instances.map(({ instanceId }) => instanceId).sort());
      for (const { instanceId, because, message } of blocked) {
        const refused = snapshot.instances.find((candidate) => candidate.instanceId === instanceId);
        t.true(message.includes(instanceId));
        if (refused === undefined || because !== 'refused-everywhere') continue;
        const named = snapshot.targets.filter(({ host }) => message.includes(host));
        t.true(named.length > 0);
        t.true(
          named.every(
            ({ host, zone, free }) =>
              zone === refused.zone && refused.refusedBy.includes(host) && fitsIn(refused.resources, free),
          ),
        );
      }
    }),
  );
});

/** Few sizes, so that many are alike. */
const alike = snapshots.map(({ instances, targets, ...rest }) => ({
  ...rest,
  instances: instances.map((item) => ({ ...item, resources: SMALL, refusedBy: [] })),
  targets: targets.map((item) => ({ ...item, free: HOST_SIZE })),
}));

test('the order in which instances and targets are listed does not matter', (t) => {
  fc.assert(
    fc.property(fc.oneof(snapshots, alike), (snapshot) => {
      const turned = {
        ...snapshot,
        instances: [...snapshot.instances].reverse(),
        targets: [...snapshot.targets].reverse(),
      };
      t.deepEqual(planHost(turned).moves, planHost(snapshot).moves);
    }),
  );
});

test('the fullest host that still takes an instance gets it, so that large holes stay for large instances', (t) => {
  const large = { vcpus: 4, memoryMb: 8192, diskGb: 40 };
  const plan = planHost({
    host: 'leaving',
    instances: [instance('small'), instance('large', large)],
    targets: [target('big'), target('tight', SMALL)],
  });
  t.deepEqual(plan.moves, [
    { instanceId: 'large', target: 'big' },
    { instanceId: 'small', target: 'tight' },
  ]);
});

test('a plan says whether there was no room or whoever had room refused', (t) => {
  const huge = { vcpus: 5, memoryMb: 1, diskGb: 1 };
  const plan = planHost({
    host: 'leaving',
    instances: [instance('huge', huge), instance('unwanted', SMALL, ['a'])],
    targets: [target('a')],
  });
  t.deepEqual(
    plan.blocked.map(({ instanceId, because }) => [instanceId, because]),
    [
      ['huge', 'no-room'],
      ['unwanted', 'refused-everywhere'],
    ],
  );
  t.regex(plan.blocked[0]?.message ?? '', /5 vCPUs/);
  t.regex(plan.blocked[1]?.message ?? '', /refused instance unwanted: a\./);
});

test('the worker thread plans as the caller’s own thread does', async (t) => {
  const planner = new ThreadPlanner();
  t.teardown(() => planner.close());
  const samples = fc.sample(snapshots, { numRuns: 20, seed: 1 });
  const planned = await Promise.all(samples.map((snapshot) => planner.planHost(snapshot)));
  t.deepEqual(planned, await Promise.all(samples.map((snapshot) => inlinePlanner.planHost(snapshot))));
});

test('a plan that kills the thread is rejected, and the next one is made by a new thread', async (t) => {
  const planner = new ThreadPlanner();
  t.teardown(() => planner.close());
  await t.throwsAsync(planner.planHost({ host: 'broken' } as unknown as HostPlanSnapshot), {
    message: /^The planner thread died: .*undefined/,
  });
  const plan = await planner.planHost({ host: 'leaving', instances: [instance('i')], targets: [target('a')] });
  t.deepEqual(plan.moves, [{ instanceId: 'i', target: 'a' }]);
});

test('closing the planner rejects what it has not planned yet', async (t) => {
  const planner = new ThreadPlanner();
  const plan = t.throwsAsync(planner.planHost({ host: 'leaving', instances: [], targets: [] }), { message: /ended/ });
  await planner.close();
  await plan;
});

const group = { groupId: 'group', maxImpacted: 2 };
const ended = (seconds: number, recovery: number) => ({ endedAt: at(seconds), recoveredAt: at(seconds + recovery) });

test('V1: a group takes as many impacted members as it allows, and no more', (t) => {
  const impacts = [anImpact({ instanceId: 'i1' })];
  t.is(groupRefusal(group, 'i2', impacts, at(0)), undefined);
  const both = [...impacts, anImpact({ instanceId: 'i2', sessionId: 'another' })];
  const refusal = groupRefusal(group, 'i3', both, at(0));
  t.like(refusal, { because: 'group-limit', message: '2 of at most 2 members of group group are impacted.' });
  t.is(refusal?.until, undefined);
  t.is(groupRefusal({ ...group, groupId: 'other' }, 'i3', both, at(0)), undefined);
});

test('V1: nobody is granted in a group that allows none', (t) => {
  t.like(groupRefusal({ groupId: 'group', maxImpacted: 0 }, 'i1', [], at(0)), { because: 'group-limit' });
});

test('V1: a member that is out of service counts, and is granted itself: to bring it back impacts nobody', (t) => {
  const broken = ['i1', 'i2'];
  t.like(groupRefusal({ ...group, broken }, 'i3', [], at(0)), { because: 'group-limit' });
  t.is(groupRefusal({ ...group, broken }, 'i2', [], at(0)), undefined);
  t.is(groupRefusal({ ...group, broken, maxImpacted: 0 }, 'i2', [anImpact({ instanceId: 'i1' })], at(0)), undefined);
  const moving = [anImpact({ instanceId: 'i2' })];
  t.like(groupRefusal({ ...group, broken }, 'i2', moving, at(0)), { because: 'already-moving' });
});

test('V1: several impacts of one member count once, and its own never keep it back', (t) => {
  const impacts = [
    anImpact({ instanceId: 'i1', attempt: 1, ...ended(0, 60) }),
    anImpact({ instanceId: 'i1', attempt: 2, ...ended(10, 60) }),
  ];
  t.is(groupRefusal(group, 'i2', impacts, at(20)), undefined);
  t.is(groupRefusal({ ...group, maxImpacted: 1 }, 'i1', impacts, at(20)), undefined);
  t.like(groupRefusal({ ...group, maxImpacted: 1 }, 'i2', impacts, at(20)), { because: 'recovery-time' });
});

test('V2: an impact counts until its recovery time is over, to the instant', (t) => {
  const impact = anImpact(ended(10, 60));
  t.true(countsAt(anImpact(), at(1e6)));
  t.true(countsAt(impact, at(69.999)));
  t.false(countsAt(impact, at(70)));
  const one = { ...group, maxImpacted: 1 };
  t.deepEqual(groupRefusal(one, 'i2', [impact], at(69))?.until, at(70));
  t.is(groupRefusal(one, 'i2', [impact], at(70)), undefined);
});

test('V2: a refusal names the first recovery time that ends, and never the one of the instance that asks', (t) => {
  const recovering = [
    anImpact({ instanceId: 'i1', ...ended(0, 90) }),
    anImpact({ instanceId: 'i2', ...ended(0, 60) }),
    anImpact({ instanceId: 'i3', ...ended(0, 30) }),
  ];
  t.deepEqual(groupRefusal(group, 'i3', recovering, at(1))?.until, at(60));
  const moving = [anImpact({ instanceId: 'i1' }), anImpact({ instanceId: 'i2' }), recovering[2] as never];
  t.is(groupRefusal(group, 'i3', moving, at(1))?.because, 'group-limit');
});

test('an instance that is being moved is not moved at the same time again', (t) => {
  t.like(groupRefusal(group, 'i1', [anImpact()], at(0)), { because: 'already-moving' });
});

test('room is capacity less servers there and granted moves to come, each counted once', (t) => {
  const servers = [
    { id: 'there', host: 'c2', resources: SMALL },
    { id: 'elsewhere', host: 'c1', resources: SMALL },
  ];
  const capacity = { vcpus: 8, memoryMb: 16_384, diskGb: 100 };
  const free = (...impacts: Parameters<typeof anImpact>[0][]) =>
    freeRoom('c2', capacity, servers, impacts.map(anImpact), at(0)).vcpus;
  t.is(free(), 6);
  t.is(free({ instanceId: 'elsewhere' }), 4, 'coming');
  t.is(free({ instanceId: 'there' }), 6, 'arrived, its impact still open');
  t.is(free({ instanceId: 'elsewhere', ...ended(0, 60) }), 6, 'ended before the listing, which shows what came of it');
  t.is(free({ instanceId: 'elsewhere', ...ended(1, 60) }), 4, 'ended since the listing, which cannot show it yet');
  t.is(free({ instanceId: 'elsewhere', targetHost: 'c3' }), 6, 'bound for another host');
  t.is(free({ instanceId: 'elsewhere', targetHost: null }), 6, 'an own action');
});

test('no room is said with what was wanted, as soon as one resource is short', (t) => {
  t.is(roomRefusal('c2', SMALL, SMALL), undefined);
  for (const short of ['vcpus', 'memoryMb', 'diskGb'] as const) {
    const refusal = roomRefusal('c2', SMALL, { ...SMALL, [short]: SMALL[short] - 1 });
    t.like(refusal, { because: 'no-room', message: 'Host c2 has no room left for 2 vCPUs, 4096 MB.' });
  }
});
