import test from 'ava';
import { type EndingWork, soonestOrder } from '../../src/planner/fleet/ending.js';
import { lowerBound } from '../../src/planner/lower-bound.js';
import { planFleet } from '../../src/planner/plan-fleet.js';
import { type CloudHost, type FleetCloud, NO_LIMITS, places } from '../support/fleet/cloud.js';
import { Random } from '../support/fleet/random.js';
import { FleetWorld } from '../support/fleet/world.js';

const lasting = (lastsS: number): EndingWork => ({ wants: 4, gives: 4, lastsS });

test('towards the end that host comes first with which all are done the soonest, not just the longest', (t) => {
  // Room for one host now, for another one after 40 s: the longest first would have the last one end at 140 s, not at 130 s.
  const given = [
    { at: 0, room: 4 },
    { at: 40, room: 4 },
  ];
  t.deepEqual(soonestOrder([90, 60, 50], lasting, given), [60, 90, 50]);
  t.deepEqual(soonestOrder([90, 60, 20], lasting, given), [90, 60, 20]);
});

test('where the longest first would leave one over, whoever fits beside each other is looked for', (t) => {
  // Two places at once: 30 and 30, 20 and 20, then 20 would end at 70 s, whichever of them came first.
  t.deepEqual(soonestOrder([30, 30, 20, 20, 20], lasting, [{ at: 0, room: 8 }]), [30, 20, 20, 30, 20]);
});

test('where nothing is ever given, the order is left as it was', (t) => {
  t.deepEqual(soonestOrder([100, 80], lasting, []), [100, 80]);
  t.deepEqual(soonestOrder([], lasting, []), []);
});

/** Full hosts but for those that are empty; an instance moves in 20 s, actions take ten minutes, more or less. */
function full(hosts: number, empty: number, slots: number, limits = NO_LIMITS): FleetCloud {
  const random = new Random(1);
  const all = Array.from({ length: hosts }, (_, index): CloudHost => {
    const host = `h${String(index).padStart(3, '0')}`;
    const takes = random.lognormal(600, 0.3);
    const instances = Array.from({ length: index < empty ? 0 : slots }, (_, n) => {
      const instanceId = `${host}-${n}`;
      return { instanceId, groupId: instanceId, resources: places(1), way: 'place' as const, answerS: 0, moveS: 20 };
    });
    return { host, zone: 'nova', sets: [], capacity: places(slots), expectedS: takes, actionS: takes, instances };
  });
  return { hosts: all, groups: [], limits, refusals: 0, failures: 0, secondMoves: 'one-host' };
}

test('where emptying takes long, hosts do not all become free together: a session of 200 comes near to its bound', (t) => {
  const world = new FleetWorld(full(200, 10, 20), 1);
  const { boundS } = lowerBound(world.snapshot());
  const { makespanS, moves, instances, violations } = world.run(planFleet);
  t.deepEqual([moves, violations], [instances, []]);
  t.true(boundS / makespanS > 0.9, `${(boundS / makespanS).toFixed(3)} of the bound`);
});

test('where leave to be out is what is scarce, hosts are ordered by that: a session comes very near to its bound', (t) => {
  const world = new FleetWorld(full(40, 12, 10, { ...NO_LIMITS, hosts: 10 }), 1);
  const { boundS } = lowerBound(world.snapshot());
  const { makespanS, violations } = world.run(planFleet);
  t.deepEqual(violations, []);
  t.true(boundS / makespanS > 0.97, `${(boundS / makespanS).toFixed(3)} of the bound`);
});
