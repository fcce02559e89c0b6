import test from 'ava';
import { packPlan, planAndPack, replayPlan, unpackPlan } from '../../src/planner/plan-record.js';
import { inlinePlanner, ThreadPlanner } from '../../src/planner/planner.js';
import { aFleet, aFleetHost } from '../support/fleet/snapshot.js';

const SNAPSHOT = aFleet([aFleetHost('h', ['a']), aFleetHost('d', [], { state: 'done' })]);

test('a plan is kept with what it was made from, limits that there are none of included, and planned again it is the same', (t) => {
  const { plan, packed = '' } = planAndPack(SNAPSHOT);
  t.deepEqual(plan.empty, ['h']);
  t.is(SNAPSHOT.limits.hosts, Number.POSITIVE_INFINITY);
  const recorded = unpackPlan(packed);
  t.deepEqual(recorded, { snapshot: SNAPSHOT, plan });
  t.deepEqual(replayPlan(recorded), { same: true, plan });
});

test('a plan that would be another one today is told from it', (t) => {
  const { plan } = planAndPack(SNAPSHOT);
  const altered = unpackPlan(packPlan({ snapshot: SNAPSHOT, plan: { ...plan, empty: ['d'] } }));
  t.deepEqual(replayPlan(altered), { same: false, plan });
});

test('nothing is kept of a plan by which nothing is to be done', (t) => {
  const out = aFleetHost('out', [], { state: 'in_maintenance' });
  t.is(planAndPack(aFleet([aFleetHost('h', ['a', 'b', 'c', 'd']), out])).packed, undefined);
  const { plan, packed } = planAndPack(aFleet([aFleetHost('h', ['a', 'b', 'c', 'd'])]));
  t.not(plan.stuck, undefined);
  t.is(packed, undefined);
});

test('a snapshot of a thousand hosts takes less than 400,000 letters', (t) => {
  const hosts = Array.from({ length: 1000 }, (_, host) =>
    aFleetHost(
      `host-${host}`,
      Array.from({ length: 20 }, (_, n) => `0cf2ae99-699c-4d6c-ab32-${String(host * 20 + n).padStart(12, '0')}`),
    ),
  );
  const snapshot = aFleet(hosts);
  const packed = packPlan({ snapshot, plan: planAndPack(snapshot).plan });
  t.true(packed.length > 0 && packed.length < 400_000, `${packed.length}`);
});

test('the thread packs as the caller does', async (t) => {
  const planner = new ThreadPlanner();
  t.teardown(() => planner.close());
  for (const pack of [true, false]) {
    const here = await inlinePlanner.planFleet(SNAPSHOT, pack);
    t.deepEqual(await planner.planFleet(SNAPSHOT, pack), here);
    t.is(here.packed === undefined, !pack);
  }
});
