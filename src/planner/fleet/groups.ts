import type { FleetGroup, FleetInstance, FleetSnapshot } from '../fleet.js';

/**
 * Places in one group while a step is made (V1, V2). An instance that moves itself holds its place from the notice on,
 * since its project may act before it answers (V9).
 */
export class GroupPlaces {
  /** Who counts, with the time at which that ends; Infinity where it is not known. */
  private readonly counting = new Map<string, number>();
  /** Who was told, and has not begun. */
  private readonly told = new Set<string>();

  constructor(
    readonly group: FleetGroup,
    private readonly now: number,
  ) {
    for (const { instanceId, until } of group.impacts) {
      if (until === null || until > now) this.counting.set(instanceId, until ?? Number.POSITIVE_INFINITY);
    }
  }

  /** What is known of an instance on the session's hosts. */
  see(instance: FleetInstance): void {
    const { instanceId, phase, way } = instance;
    if (phase === 'moving') {
      const end = Math.max(this.now, (instance.at ?? this.now) + instance.moveS) + this.group.recoveryS;
      this.counting.set(instanceId, way === 'place' ? end : Number.POSITIVE_INFINITY);
    } else if (phase === 'asked' || phase === 'acked') this.tell(instance);
  }

  tell({ instanceId, way }: FleetInstance): void {
    if (way === 'own') this.counting.set(instanceId, Number.POSITIVE_INFINITY);
    else this.told.add(instanceId);
  }

  begin({ instanceId, moveS }: FleetInstance): void {
    this.told.delete(instanceId);
    this.counting.set(instanceId, this.now + moveS + this.group.recoveryS);
  }

  /** Whether this member may be impacted now. */
  mayBegin(instanceId: string): boolean {
    return this.others(instanceId) < this.group.maxImpacted;
  }

  /** Whether none of us may impact a member, ever. */
  get never(): boolean {
    return this.group.maxImpacted <= 0;
  }

  /** When one more that is told now finds a place, behind those that were told before; Infinity if that is not known. */
  readyAt(instanceId: string): number {
    const open = this.group.maxImpacted - this.others(instanceId);
    const ahead = this.told.size - (this.told.has(instanceId) ? 1 : 0);
    if (ahead < open) return this.now;
    return this.ends(instanceId)[ahead - Math.max(0, open)] ?? Number.POSITIVE_INFINITY;
  }

  /** The next end of a recovery or move that is known. */
  nextEnd(instanceId: string): number {
    return this.ends(instanceId)[0] ?? Number.POSITIVE_INFINITY;
  }

  private others(instanceId: string): number {
    return this.counting.size - (this.counting.has(instanceId) ? 1 : 0);
  }

  private ends(instanceId: string): number[] {
    const others = [...this.counting].filter(([id]) => id !== instanceId);
    return others.map(([, end]) => end).sort((a, b) => a - b);
  }
}

/** The groups of a snapshot, made as they are asked for. */
export class GroupBook {
  private readonly groups = new Map<string, FleetGroup>();
  private readonly places = new Map<string, GroupPlaces>();

  constructor(private readonly snapshot: FleetSnapshot) {
    for (const group of snapshot.groups) this.groups.set(group.groupId, group);
  }

  of(groupId: string): GroupPlaces {
    let places = this.places.get(groupId);
    if (places === undefined) {
      places = new GroupPlaces(this.groups.get(groupId) ?? unknownGroup(groupId), this.snapshot.now);
      this.places.set(groupId, places);
    }
    return places;
  }

  maxPerHost(groupId: string): number {
    return this.groups.get(groupId)?.maxPerHost ?? 0;
  }
}

/** As an implicit group by default (v1 §4.1): one at a time. */
const unknownGroup = (groupId: string): FleetGroup => ({
  groupId,
  maxImpacted: 1,
  maxPerHost: 0,
  recoveryS: 0,
  impacts: [],
});
