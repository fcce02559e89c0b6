import test from 'ava';
import type { FleetHost, FleetSnapshot } from '../../src/planner/fleet.js';
import { lowerBound } from '../../src/planner/lower-bound.js';
import { aFleet, aFleetGroup, aFleetHost, anInstance, NO_LIMITS, places } from '../support/fleet/snapshot.js';

/** A host of four places with so many instances of one place, 20 s each; its actions take 600 s. */
function filled(host: string, count: number, overrides: Partial<FleetHost> = {}): FleetHost {
  const names = Array.from({ length: count }, (_, index) => `${host}-${index}`);
  return aFleetHost(host, names, overrides);
}
const boundOf = (hosts: readonly FleetHost[], overrides: Partial<FleetSnapshot> = {}) =>
  lowerBound(aFleet(hosts, overrides));

test('one host takes its answer, its moves and its actions', (t) => {
  const slow = anInstance('a', { answerS: 40 });
  const bound = boundOf([aFleetHost('h', [slow, anInstance('b', { answerS: 60 })]), filled('free', 0)]);
  t.is(bound.all.chain, 40 + 2 * 20 + 600);
});

test('hosts at a time: emptying counts as well, in a set likewise', (t) => {
  const hosts = ['a', 'b', 'c'].map((name) => filled(name, 2, { sets: ['rack'] }));
  t.is(boundOf(hosts, { limits: { ...NO_LIMITS, hosts: 2 } }).all.hosts, (3 * 640) / 2);
  t.is(boundOf(hosts, { limits: { ...NO_LIMITS, perSet: { rack: 1 } } }).all.set, 3 * 640);
});

test('room: what hosts lock while they are emptied and out, by the room there is', (t) => {
  // Two of four places: 4·600 out, 2·40 unused, and 1·20 + 1·40 left behind, by 4 + 2 + 2 free places.
  const { all } = boundOf([filled('a', 2), filled('b', 2), filled('free', 0)]);
  t.is(all.room, (2 * (2400 + 80 + 60) + 2400) / 8);
});

test('room counts in the resource that is scarcest', (t) => {
  const heavy = anInstance('a', { resources: { ...places(1), memoryMb: 4096 } });
  const host = aFleetHost('h', [heavy], { free: { ...places(3), memoryMb: 0 } });
  const { all } = boundOf([host, filled('free', 0)]);
  t.is(all.room, (4096 * 600 + 4096 * 20 + 4096 * 600) / 4096);
});

test('several moves at once leave less behind, but not less than each its own', (t) => {
  const four = [filled('a', 4), filled('free', 0)];
  // One at a time 20·(1 + 2 + 3 + 4); two at a time exactly 2·20 + 2·40.
  t.is(boundOf(four).all.room, (2400 + 200 + 2400) / 4);
  t.is(boundOf(four, { limits: { ...NO_LIMITS, perSource: 2 } }).all.room, (2400 + 120 + 2400) / 4);
  t.is(
    boundOf(four, { limits: { ...NO_LIMITS, perSource: Number.POSITIVE_INFINITY } }).all.room,
    (2400 + 80 + 2400) / 4,
  );
});

test('with room for one host everything is one after the other', (t) => {
  const { boundS, by } = boundOf([filled('a', 4), filled('b', 4), filled('free', 0)]);
  t.deepEqual([boundS, by], [2 * 680 + 600, 'serial']);
  t.is(boundOf([filled('a', 4), filled('b', 4), filled('free', 0), filled('more', 0)]).all.serial, 0);
});

test('moves at a time in the whole cloud', (t) => {
  const { all } = boundOf([filled('a', 4), filled('b', 2)], { limits: { ...NO_LIMITS, migrations: 3 } });
  t.is(all.migrations, (6 * 20) / 3);
});

test('a group goes in rounds with its recovery between them, and the last one leaves a host that is then maintained', (t) => {
  const member = (name: string) => anInstance(name, { groupId: 'g', answerS: 10 });
  const hosts = [aFleetHost('h', [member('a'), member('b')]), aFleetHost('i', [member('c')]), filled('free', 0)];
  const one = boundOf(hosts, { groups: [aFleetGroup('g', { recoveryS: 60 })] });
  t.is(one.all.group, 10 + 3 * 20 + 2 * 60 + 600);
  const two = boundOf(hosts, { groups: [aFleetGroup('g', { recoveryS: 60, maxImpacted: 2 })] });
  t.is(two.all.group, 10 + 2 * 20 + 60 + 600);
  t.is(one.all.chain, 10 + 2 * 20 + 60 + 600);
});

test('what is stopped while its host is out locks no other place', (t) => {
  const stays = anInstance('s', { way: 'stays' });
  const { all } = boundOf([aFleetHost('h', [stays]), filled('free', 0)]);
  t.is(all.room, (3 * 600 + 4 * 600) / 7);
});

test('who moves itself does so beside the others: our limits do not make it wait', (t) => {
  const own = anInstance('o', { way: 'own', moveS: 30 });
  const { all } = boundOf([aFleetHost('h', ['a', 'b', own]), filled('free', 0)]);
  t.is(all.chain, 40 + 600);
  t.is(all.hosts, 0);
  t.is(all.room, (4 * 600 + 40 + (20 + 40) + 30 + 4 * 600) / 5);
});

test('zones have their own room, and hosts that receive without being maintained give theirs', (t) => {
  const east = filled('e', 0, { zone: 'east' });
  const west = [filled('w', 4, { zone: 'west' }), filled('o', 0, { zone: 'west', state: 'outside' })];
  t.is(boundOf([east, ...west]).all.room, (2400 + 200) / 4);
});

test('nothing to do takes no time', (t) => {
  t.is(boundOf([filled('d', 0, { state: 'done' })]).boundS, 0);
});

test('moved once, instances wait for the empty host to be done, and for its room', (t) => {
  // 600 s for the empty host; then two hosts, each 4·600 + 200 of work, on four places.
  const { onceS } = boundOf([filled('a', 4), filled('b', 4), filled('free', 0), filled('far', 0, { actionS: 9000 })]);
  t.is(Math.round(onceS), 9000);
  t.is(Math.round(boundOf([filled('a', 4), filled('b', 4), filled('free', 0)]).onceS), 600 + 2 * 680);
});

test('moved once, room that waiting hosts have free serves as they are done, no sooner', (t) => {
  // Work of 2·600 + 60 at a rate that grows from 4 to 6 places: 630·ln(6/4) each to the next two.
  const half = [filled('a', 2), filled('b', 2), filled('free', 0)];
  const { onceS, all } = boundOf(half);
  t.true(Math.abs(onceS - (600 + 630 * Math.log(8 / 4))) < 1, String(onceS));
  t.true(onceS > all.room);
});

test('where no host is empty nothing can be moved once only', (t) => {
  t.is(boundOf([filled('a', 2), filled('b', 2)]).onceS, Number.POSITIVE_INFINITY);
});

test('on hosts that are all four fifths full, who moves few a second time cannot come near to the bound', (t) => {
  const places8 = Array.from({ length: 8 }, (_, n) => `${n}`);
  const hosts = Array.from({ length: 100 }, (_, host) =>
    aFleetHost(
      `h${host}`,
      places8.map((n) => `${host}-${n}`),
      { capacity: places(10), free: places(2) },
    ),
  );
  const snapshot = aFleet(hosts);
  const { boundS } = lowerBound(snapshot);
  // 8·600 + 720 of work each, at a rate that grows by 2 places with each host: 2760·ln(1 + 200 ÷ q).
  const efficiency = (q: number) => boundS / lowerBound(snapshot, places(q)).onceS;
  t.is(Math.round(lowerBound(snapshot, places(8)).onceS), Math.round(2760 * Math.log(1 + 200 / 8)));
  t.true(efficiency(8) < 0.4 && efficiency(66) < 0.92 && efficiency(68) > 0.92);
});
