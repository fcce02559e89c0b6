import { GroupBook } from '../../src/planner/fleet/groups.js';
import { type Choice, Targets } from '../../src/planner/fleet/targets.js';
import type { FleetHost, FleetInstance, FleetPlan, FleetSnapshot } from '../../src/planner/fleet.js';

/*
 * What a planner is compared with. Both hold to the same limits and rules, prefer maintained hosts as targets, and tell all
 * projects of a host as its emptying begins.
 */

/** Host after host, instance after instance. */
export const oneByOne = (snapshot: FleetSnapshot): FleetPlan => inBatches(snapshot, 1, 1);

/** As many hosts as there is room for; the next ones begin when the slowest of them is done. */
export function barrierBatches(snapshot: FleetSnapshot): FleetPlan {
  const most = Math.min(snapshot.limits.hosts, widthOf(snapshot));
  return inBatches(snapshot, most, snapshot.limits.perSource);
}

/** Free room with all hosts enabled, by the room of the largest host. */
function widthOf({ hosts }: FleetSnapshot): number {
  const able = hosts.filter(({ state }) => state !== 'lost');
  const free = able.reduce((sum, host) => sum + host.free.vcpus, 0);
  return Math.max(1, Math.floor(free / Math.max(...able.map(({ capacity }) => capacity.vcpus))));
}

const OUT: ReadonlySet<string> = new Set(['emptying', 'empty', 'in_maintenance']);

function inBatches(snapshot: FleetSnapshot, most: number, perSource: number): FleetPlan {
  const { hosts } = snapshot;
  const busy = hosts.filter(({ state }) => OUT.has(state));
  const plan = { ask: [], move: [], scaleIn: [], waits: [], empty: [], maintain: [] };
  if (busy.length === 0) return { ...plan, empty: nextBatch(snapshot, most) };
  const maintain = busy.filter(({ state }) => state === 'empty').map(({ host }) => host);
  return { ...plan, maintain, ...movesOf(snapshot, perSource) };
}

function nextBatch({ hosts, limits }: FleetSnapshot, most: number): string[] {
  const waiting = hosts.filter(
    ({ state, instances }) => state === 'waiting' && !instances.some(({ way }) => way === 'never'),
  );
  const empty = waiting.filter(({ instances }) => instances.length === 0);
  const filled = waiting.filter(({ instances }) => instances.length > 0);
  const bySet = new Map<string, number>();
  const batch: string[] = [];
  for (const host of [...empty, ...filled]) {
    if (batch.length >= most) break;
    const full = host.sets.some((set) => (bySet.get(set) ?? 0) >= (limits.perSet[set] ?? Number.POSITIVE_INFINITY));
    if (full) continue;
    for (const set of host.sets) bySet.set(set, (bySet.get(set) ?? 0) + 1);
    batch.push(host.host);
  }
  return batch;
}

function movesOf(snapshot: FleetSnapshot, perSource: number): Pick<FleetPlan, 'ask' | 'move'> {
  const { hosts, limits, now } = snapshot;
  const groups = new GroupBook(snapshot);
  const emptying = hosts.filter(({ state }) => state === 'emptying');
  const ask: { instanceId: string; target: string | null; expectedAt: number }[] = [];
  const move: { instanceId: string; target: string | null }[] = [];
  const all = emptying.flatMap(({ instances }) => instances);
  let migrations = all.filter(({ phase, way }) => phase === 'moving' && way === 'place').length;
  for (const instance of all) if (instance.phase === 'moving') groups.of(instance.groupId).see(instance);
  const zones = new Map<string, Targets>();
  for (const host of emptying) {
    const targets = zones.get(host.zone) ?? targetsOf(hosts, host.zone, groups);
    zones.set(host.zone, targets);
    let leaving = host.instances.filter(({ phase, way }) => phase === 'moving' && way === 'place').length;
    for (const instance of host.instances) {
      const { instanceId, phase, way } = instance;
      const choice = { overHeld: true, waiting: true, perTarget: limits.perTarget };
      if (phase === 'resting') {
        const target = way === 'place' ? targetFor(targets, instance, choice) : null;
        if (target !== undefined) ask.push({ instanceId, target, expectedAt: now });
      } else if (phase === 'acked' && mayBegin(groups, host, instance)) {
        if (way === 'place' && (leaving >= perSource || migrations >= limits.migrations)) continue;
        const target = way === 'place' ? targets.choose({ ...instance, target: null }, choice) : null;
        if (target === undefined) continue;
        if (target !== null) {
          targets.take(instance, target);
          leaving += 1;
          migrations += 1;
        }
        groups.of(instance.groupId).begin(instance);
        move.push({ instanceId, target: target?.host ?? null });
      }
    }
  }
  return { ask, move };
}

function mayBegin(groups: GroupBook, { instances }: FleetHost, { groupId, instanceId, way }: FleetInstance): boolean {
  const places = groups.of(groupId);
  if (!places.mayBegin(instanceId)) return false;
  return way !== 'stays' || instances.every((other) => other.way === 'stays');
}

const targetFor = (targets: Targets, instance: FleetInstance, choice: Choice): string | undefined =>
  targets.choose(instance, choice)?.host;

function targetsOf(hosts: readonly FleetHost[], zone: string, groups: GroupBook): Targets {
  const receiving = hosts.filter((host) => host.zone === zone && host.receives);
  return new Targets(
    groups,
    receiving.filter(({ state }) => state !== 'waiting'),
    receiving.filter(({ state }) => state === 'waiting'),
  );
}
