import type { FleetHost, FleetInstance, FleetReason, FleetSnapshot, FleetWait } from '../fleet.js';
import { type Amount, add, amountOf, byName, nothing } from './amount.js';
import { GroupBook } from './groups.js';
import { Source } from './source.js';
import { Targets } from './targets.js';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What one step decides, as it grows. */
export interface Decisions {
  readonly empty: string[];
  readonly ask: { instanceId: string; target: string | null; expectedAt: number }[];
  readonly move: { instanceId: string; target: string | null }[];
  readonly maintain: string[];
  readonly scaleIn: { projectId: string; instanceIds: string[] }[];
  readonly waits: FleetWait[];
  unkept?: string[];
  stuck?: string;
}

/** One availability zone in one step: instances never leave it, so each is planned by itself. */
export class ZoneStep {
  readonly sources: Source[] = [];
  readonly waiting: FleetHost[] = [];
  /** Computes that will give their room: empty, or in maintenance. */
  readonly giving: FleetHost[] = [];
  private readonly receiving: FleetHost[] = [];
  private ofTargets: Targets | undefined;
  private free: Amount | undefined;

  constructor(
    readonly name: string,
    private readonly groups: GroupBook,
  ) {}

  get targets(): Targets {
    this.ofTargets ??= new Targets(
      this.groups,
      this.receiving,
      this.waiting.filter(({ receives }) => receives),
    );
    return this.ofTargets;
  }

  /** No maintained host has any room yet, nor will have before waiting hosts were used. */
  get hasMaintained(): boolean {
    return this.receiving.length > 0;
  }

  /** Nothing will be given back by itself: who takes room must be sure to get to the end. */
  get tight(): boolean {
    return this.giving.every(({ leaves }) => leaves === true);
  }

  /** Something goes on, so that room or places may change. */
  get alive(): boolean {
    return this.giving.length > 0 || this.sources.some(({ moving }) => moving > 0);
  }

  /** Whether maintained hosts have any room that nobody was promised: a quick look, before a thorough one. */
  hasSpare(): boolean {
    const spare = nothing();
    for (const { free, held } of this.targets.maintained) {
      add(spare, free);
      add(spare, held, -1);
    }
    return spare.vcpus > 0 || spare.memoryMb > 0;
  }

  /** What all hosts that may receive have free, but for `host` itself. */
  freeBeside(host: FleetHost): Amount {
    this.free ??= this.freeOfAll();
    const free = amountOf(this.free);
    if (host.receives) add(free, host.free, -1);
    return free;
  }

  private freeOfAll(): Amount {
    const free = nothing();
    for (const host of [...this.receiving, ...this.waiting]) if (host.receives) add(free, host.free);
    return free;
  }

  add(host: FleetHost, now: number): void {
    const { state, receives } = host;
    if (state === 'emptying') this.sources.push(new Source(host, now));
    else if (state === 'waiting') this.waiting.push(host);
    else if (state === 'empty' || state === 'in_maintenance') this.giving.push(host);
    else if (receives) this.receiving.push(host);
  }
}

/** The state of a step that all its parts share. */
export class FleetStep {
  readonly now: number;
  readonly groups: GroupBook;
  readonly zones: readonly ZoneStep[];
  readonly controllers: readonly FleetHost[];
  readonly decided: Decisions = { empty: [], ask: [], move: [], maintain: [], scaleIn: [], waits: [] };
  /** Moves under way. */
  migrations = 0;
  /** Computes that are emptying, empty or in maintenance. */
  hostsOut = 0;
  private readonly outBySet = new Map<string, number>();

  constructor(readonly snapshot: FleetSnapshot) {
    this.now = snapshot.now;
    this.groups = new GroupBook(snapshot);
    this.controllers = snapshot.hosts.filter(({ isCompute }) => !isCompute);
    this.zones = this.zonesOf(snapshot.hosts);
    for (const zone of this.zones) for (const source of zone.sources) this.see(source, zone);
  }

  /** Whether several hosts may begin by way of hosts that are not maintained, now. */
  firstWave(zone: ZoneStep): boolean {
    return this.snapshot.secondMoves === 'first-wave' && !zone.hasMaintained;
  }

  /** The limit of hosts that are out together which `host` would exceed. */
  fullLimit(host: FleetHost): { readonly because: FleetReason; readonly message: string } | undefined {
    const { limits } = this.snapshot;
    if (this.hostsOut >= limits.hosts) {
      return { because: 'host-limit', message: `${this.hostsOut} of at most ${limits.hosts} hosts are out.` };
    }
    for (const set of host.sets) {
      const most = limits.perSet[set] ?? Number.POSITIVE_INFINITY;
      const out = this.outBySet.get(set) ?? 0;
      if (out >= most) return { because: 'set-limit', message: `${out} of at most ${most} hosts of ${set} are out.` };
    }
    return undefined;
  }

  goesOut(host: FleetHost): void {
    this.hostsOut += 1;
    for (const set of host.sets) this.outBySet.set(set, (this.outBySet.get(set) ?? 0) + 1);
  }

  wait(host: FleetHost, instance: FleetInstance | undefined, why: Omit<FleetWait, 'host' | 'instanceId'>): void {
    const { because, message, lifts, until } = why;
    const wait: Mutable<FleetWait> = { host: host.host, because, message, lifts };
    if (instance !== undefined) wait.instanceId = instance.instanceId;
    if (until !== undefined) wait.until = until;
    this.decided.waits.push(wait);
  }

  private zonesOf(hosts: readonly FleetHost[]): ZoneStep[] {
    const zones = new Map<string, ZoneStep>();
    for (const host of hosts) {
      if (!host.isCompute) continue;
      let zone = zones.get(host.zone);
      if (zone === undefined) {
        zone = new ZoneStep(host.zone, this.groups);
        zones.set(host.zone, zone);
      }
      zone.add(host, this.now);
      if (host.state === 'emptying' || host.state === 'empty' || host.state === 'in_maintenance') this.goesOut(host);
    }
    return [...zones.values()].sort((a, b) => byName(a.name, b.name));
  }

  private see(source: Source, { targets }: ZoneStep): void {
    this.migrations += source.busyUntil.length;
    for (const instance of source.host.instances) {
      if (instance.phase === 'gone') continue;
      if (instance.phase !== 'resting') this.groups.of(instance.groupId).see(instance);
      if (instance.target === null) continue;
      if (instance.phase === 'moving') targets.coming(instance.target);
      else targets.hold(instance, instance.target);
    }
  }
}
