import { compareResources, type Resources } from '../../model/index.js';
import type { FleetHost, FleetInstance } from '../fleet.js';
import { type Amount, add, amountOf, byName } from './amount.js';
import type { GroupBook } from './groups.js';

/** A host that may receive, while a step is made. */
export interface Target {
  readonly host: string;
  /** Not maintained yet: who goes there has to move once more. */
  readonly waiting: boolean;
  /** Less what is there, under way, and begun in this step. */
  readonly free: Amount;
  /** Promised to instances whose projects were told. */
  readonly held: Amount;
  /** Members of groups with a limit per host, those that are promised a place included. */
  readonly members: Record<string, number>;
  /** Moves towards it. */
  incoming: number;
}

/** What may be chosen from. */
export interface Choice {
  /** Places that were promised to others may be taken. */
  readonly overHeld: boolean;
  /** Hosts that are not maintained yet may be taken. */
  readonly waiting: boolean;
  /** Moves towards one host at a time; Infinity where it is only about the place. */
  readonly perTarget: number;
}

/** Why there is no target. */
export type NoTarget = 'no-room' | 'anti-affinity' | 'refused-everywhere' | 'target-limit';

/** The hosts of one zone that may receive. */
export class Targets {
  private readonly byHost = new Map<string, Target>();
  private readonly list: Target[] = [];
  private readonly arrivals = new Map<string, number>();
  private readonly promised = new Set<string>();
  private readonly holds = new Map<string, Target>();
  /** Waiting hosts become targets only where one is really wanted. */
  private waitingList: Target[] | undefined;

  constructor(
    private readonly groups: GroupBook,
    maintained: readonly FleetHost[],
    private readonly waiting: readonly FleetHost[],
  ) {
    for (const host of maintained) {
      if (host.free.vcpus <= 0 && host.free.memoryMb <= 0) continue;
      this.list.push(this.added(host, false));
    }
  }

  get maintained(): readonly Target[] {
    return this.list;
  }

  /** Promises the place to an instance whose project was told, or is about to be. */
  hold(instance: FleetInstance, host: string): void {
    const target = this.of(host);
    if (target === undefined) return;
    this.holds.set(instance.instanceId, target);
    this.promised.add(host);
    add(target.held, instance.resources);
    this.count(target, instance, 1);
  }

  release(instance: FleetInstance): void {
    const target = this.holds.get(instance.instanceId);
    if (target === undefined) return;
    this.holds.delete(instance.instanceId);
    add(target.held, instance.resources, -1);
    this.count(target, instance, -1);
  }

  /**
   * Places for all of them together, whoever else was promised one; undefined if none are found: the largest first, then
   * those first that must be apart from others.
   */
  pack(instances: readonly FleetInstance[], waiting: boolean): Map<FleetInstance, Target> | undefined {
    const bySize = [...instances].sort(largestFirst);
    const places = this.packed(bySize, waiting);
    const apart = (instance: FleetInstance) => this.groups.maxPerHost(instance.groupId) > 0;
    if (places !== undefined || !instances.some(apart)) return places;
    return this.packed([...bySize.filter(apart), ...bySize.filter((instance) => !apart(instance))], waiting);
  }

  private packed(instances: readonly FleetInstance[], waiting: boolean): Map<FleetInstance, Target> | undefined {
    const choice = { overHeld: true, waiting, perTarget: Number.POSITIVE_INFINITY };
    const places = new Map<FleetInstance, Target>();
    for (const instance of instances) {
      const target = this.choose(instance, choice);
      if (target === undefined) break;
      this.take(instance, target);
      places.set(instance, target);
    }
    for (const [instance, target] of places) this.giveBack(instance, target);
    return places.size === instances.length ? places : undefined;
  }

  /** Notes a move that is under way: it is counted in `free` already. */
  coming(host: string): void {
    this.arrivals.set(host, (this.arrivals.get(host) ?? 0) + 1);
    const target = this.byHost.get(host);
    if (target !== undefined) target.incoming += 1;
  }

  take(instance: FleetInstance, target: Target): void {
    add(target.free, instance.resources, -1);
    this.count(target, instance, 1);
    target.incoming += 1;
  }

  /** The promised place if it still takes the instance, else the fullest host that does, so that large holes stay. */
  choose(instance: FleetInstance, choice: Choice): Target | undefined {
    const promised = instance.target === null ? undefined : this.byHost.get(instance.target);
    if (promised !== undefined && (choice.waiting || !promised.waiting) && this.takes(promised, instance, choice)) {
      return promised;
    }
    return this.fullest(this.list, instance, choice) ?? this.amongWaiting(instance, choice);
  }

  whyNone(instance: FleetInstance, choice: Choice): NoTarget {
    const all = choice.waiting ? [...this.list, ...this.ofWaiting()] : this.list;
    const withRoom = all.filter((target) => hasRoom(target, instance, choice.overHeld));
    if (withRoom.length === 0) return 'no-room';
    const willing = withRoom.filter(({ host }) => !instance.refusedBy.includes(host));
    if (willing.length === 0) return 'refused-everywhere';
    return willing.some((target) => this.spreads(target, instance)) ? 'target-limit' : 'anti-affinity';
  }

  /** The target of that name, one that is not maintained yet included. */
  of(host: string): Target | undefined {
    if (!this.byHost.has(host)) this.ofWaiting();
    return this.byHost.get(host);
  }

  /** It is being emptied from now on. */
  drop(host: string): void {
    const target = this.of(host);
    if (target !== undefined) Object.assign(target.free, { vcpus: -1, memoryMb: -1, diskGb: -1 });
  }

  /** Whether anybody is on the way there, or was promised a place. */
  expects(host: string): boolean {
    return this.arrivals.has(host) || this.promised.has(host);
  }

  /** Supposes that so much more were free. */
  open({ free }: Target, room: Resources): void {
    add(free, room);
  }

  close({ free }: Target, room: Resources): void {
    add(free, room, -1);
  }

  private giveBack(instance: FleetInstance, target: Target): void {
    add(target.free, instance.resources);
    this.count(target, instance, -1);
    target.incoming -= 1;
  }

  private amongWaiting(instance: FleetInstance, choice: Choice): Target | undefined {
    return choice.waiting ? this.fullest(this.ofWaiting(), instance, choice) : undefined;
  }

  private ofWaiting(): readonly Target[] {
    this.waitingList ??= this.waiting.map((host) => this.added(host, true));
    return this.waitingList;
  }

  private fullest(targets: readonly Target[], instance: FleetInstance, choice: Choice): Target | undefined {
    let best: Target | undefined;
    for (const target of targets) {
      if (!this.takes(target, instance, choice)) continue;
      if (best === undefined || compareFree(target, best) < 0) best = target;
    }
    return best;
  }

  private takes(target: Target, instance: FleetInstance, choice: Choice): boolean {
    return (
      hasRoom(target, instance, choice.overHeld) &&
      target.incoming < choice.perTarget &&
      !instance.refusedBy.includes(target.host) &&
      this.spreads(target, instance)
    );
  }

  /** V4 for one more member. */
  private spreads(target: Target, { groupId }: FleetInstance): boolean {
    const most = this.groups.maxPerHost(groupId);
    return most === 0 || (target.members[groupId] ?? 0) < most;
  }

  private count(target: Target, { groupId }: FleetInstance, by: number): void {
    if (this.groups.maxPerHost(groupId) > 0) target.members[groupId] = (target.members[groupId] ?? 0) + by;
  }

  private added(host: FleetHost, waiting: boolean): Target {
    const target = {
      host: host.host,
      waiting,
      free: amountOf(host.free),
      held: { vcpus: 0, memoryMb: 0, diskGb: 0 },
      members: { ...host.members },
      incoming: this.arrivals.get(host.host) ?? 0,
    };
    this.byHost.set(host.host, target);
    return target;
  }
}

/** Of those that are as large, who was promised a place comes first, and keeps it. */
const largestFirst = (a: FleetInstance, b: FleetInstance): number =>
  compareResources(b.resources, a.resources) ||
  Number(a.target === null) - Number(b.target === null) ||
  byName(a.instanceId, b.instanceId);

function hasRoom({ free, held }: Target, { resources }: FleetInstance, overHeld: boolean): boolean {
  const part = overHeld ? 0 : 1;
  return (
    resources.vcpus <= free.vcpus - part * held.vcpus &&
    resources.memoryMb <= free.memoryMb - part * held.memoryMb &&
    resources.diskGb <= free.diskGb - part * held.diskGb
  );
}

function compareFree(a: Target, b: Target): number {
  return compareResources(a.free, b.free) || byName(a.host, b.host);
}
