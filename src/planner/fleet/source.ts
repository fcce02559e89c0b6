import type { FleetHost, FleetInstance } from '../fleet.js';
import { type Amount, add, nothing } from './amount.js';
import type { GroupBook } from './groups.js';

/** A host that is being emptied, and how far it is. */
export class Source {
  /** Told, and free to begin. */
  readonly acked: FleetInstance[] = [];
  readonly asked: FleetInstance[] = [];
  readonly resting: FleetInstance[] = [];
  /** Stopped while the host is out: told last, so that they serve as long as they can. */
  readonly staying: FleetInstance[] = [];
  readonly immovable: FleetInstance[] = [];
  /** When moves to a place of ours that are under way are expected to end, one for each. */
  readonly busyUntil: number[] = [];
  /** How many are under way, in whichever way. */
  moving = 0;
  /** What still wants room elsewhere. */
  readonly wanted: Amount = nothing();
  /** How many those are. */
  pending = 0;
  /** How long they take together, one after the other. */
  pendingS = 0;
  /** What remains on the host when it is empty. */
  readonly remains: Amount = nothing();

  constructor(
    readonly host: FleetHost,
    now: number,
  ) {
    for (const instance of host.instances) this.see(instance, now);
  }

  /** Has begun in this step. */
  begun(instance: FleetInstance, now: number): void {
    this.moving += 1;
    if (instance.way === 'place') this.busyUntil.push(now + instance.moveS);
    this.wants(instance, -1);
  }

  /** Nobody who moves is left: those who stay may be stopped. */
  get onlyStaying(): boolean {
    return this.moving === 0 && this.pending === 0;
  }

  /**
   * How many moves may begin now. Where the moves that are left fill no whole number of rounds, the round that is not full
   * comes first: the host is empty as soon, and what has left it waits for the others that much less.
   */
  openPlaces(perSource: number, now: number): number {
    const open = perSource - this.busyUntil.length;
    const pending = [...this.acked, ...this.asked, ...this.resting].filter(({ way }) => way === 'place');
    const moveS = pending[0]?.moveS ?? 0;
    // Of moves of different lengths, and of such as are late, too little is known.
    const isEven = moveS > 0 && pending.every((one) => one.moveS === moveS) && this.busyUntil.every((at) => at > now);
    if (!isEven || !Number.isFinite(perSource) || pending.length <= open) return open;
    const ends = [...this.busyUntil];
    while (ends.length < perSource) ends.push(now);
    const begins = [...ends];
    for (let count = 0; count < pending.length; count += 1) {
      const next = ends.indexOf(Math.min(...ends));
      ends[next] = (ends[next] as number) + moveS;
    }
    const last = Math.max(...ends);
    const rounds = begins.reduce((sum, at) => sum + Math.floor((last - at) / moveS + EXACT), 0);
    return Math.max(0, open - (rounds - pending.length));
  }

  private see(instance: FleetInstance, now: number): void {
    const { phase, way, at, moveS } = instance;
    if (way === 'stays') add(this.remains, instance.resources);
    if (phase === 'gone') return;
    if (phase === 'moving') {
      this.moving += 1;
      if (way === 'place') this.busyUntil.push(Math.max(now, (at ?? now) + moveS));
      return;
    }
    if (way === 'never') {
      this.immovable.push(instance);
      return;
    }
    if (way === 'stays' && phase === 'resting') this.staying.push(instance);
    else this[phase].push(instance);
    if (way !== 'stays') this.wants(instance, 1);
  }

  private wants(instance: FleetInstance, times: number): void {
    if (instance.way === 'stays') return;
    add(this.wanted, instance.resources, times);
    this.pending += times;
    this.pendingS += times * instance.moveS;
  }
}

/** Sums of durations are not exact. */
const EXACT = 1e-9;

/** How long it takes to empty a host of `instances` that rest, if nothing but its own limits and groups holds them. */
export function emptyingS(instances: readonly FleetInstance[], perSource: number, groups: GroupBook): number {
  let sum = 0;
  let longest = 0;
  let moved = 0;
  const chains = new Map<string, { members: number; moveS: number }>();
  for (const { way, moveS, groupId } of instances) {
    if (way === 'stays' || way === 'never') continue;
    moved += 1;
    // Whoever moves itself keeps to no limit of ours.
    if (way === 'place') sum += moveS;
    longest = Math.max(longest, moveS);
    const chain = chains.get(groupId);
    if (chain === undefined) chains.set(groupId, { members: 1, moveS });
    else {
      chain.members += 1;
      chain.moveS = Math.min(chain.moveS, moveS);
    }
  }
  if (moved === 0) return 0;
  let most = Math.max(sum / perSource, longest);
  for (const [groupId, { members, moveS }] of chains) {
    if (members < 2) continue;
    const { maxImpacted, recoveryS } = groups.of(groupId).group;
    const rounds = Math.ceil(members / Math.max(1, maxImpacted));
    most = Math.max(most, rounds * moveS + (rounds - 1) * recoveryS);
  }
  return most;
}
