import { addResources, fitsIn, NO_RESOURCES, type Resources, subtractResources } from '../../model/index.js';
import type { Court, Entry, Hearing, Judge } from './court.js';

interface Occupied {
  readonly capacity: Resources;
  used: Resources;
  over: boolean;
  /** What each consumer takes; a moving instance is there on both hosts. */
  readonly claims: Map<string, { readonly instanceId: string; readonly resources: Resources }>;
}

/** Rules over-capacity and anti-affinity, at every instant and in transit. */
export class OccupancyJudge implements Judge {
  private readonly hosts = new Map<string, Occupied>();
  private readonly separated = new Set<string>();
  private readonly placed = new Set<string>();

  constructor(private readonly court: Court) {}

  readonly hearing: Hearing = {
    host: ({ host, capacity }) =>
      this.hosts.set(host, { capacity, used: NO_RESOURCES, over: false, claims: new Map() }),
    group: ({ groupId, policy }) => {
      if (policy === 'anti-affinity') this.separated.add(groupId);
    },
    claim: (entry) => this.claim(entry),
    release: ({ consumer, host: name }) => {
      const host = this.hosts.get(name);
      const held = host?.claims.get(consumer);
      if (host === undefined || held === undefined) return;
      host.claims.delete(consumer);
      host.used = subtractResources(host.used, held.resources);
      host.over = !fitsIn(host.used, host.capacity);
    },
  };

  private claim({ consumer, instanceId, host: name, resources }: Entry<'claim'>): void {
    const host = this.hosts.get(name);
    if (host === undefined) return;
    // Where a new server begins is between its owner and Nova's scheduler, which does not see all that is in transit.
    if (this.placed.has(instanceId)) this.checkAffinity(instanceId, name, host);
    this.placed.add(instanceId);
    host.claims.set(consumer, { instanceId, resources });
    host.used = addResources(host.used, resources);
    const over = !fitsIn(host.used, host.capacity);
    if (over && !host.over)
      this.court.violate('over-capacity', `${this.court.instance(instanceId).name} is more than ${name} has room for`);
    host.over = over;
  }

  private checkAffinity(instanceId: string, name: string, host: Occupied): void {
    const { groupId, name: newcomer } = this.court.instance(instanceId);
    if (groupId === null || !this.separated.has(groupId)) return;
    const there = new Set([...host.claims.values()].map((claim) => claim.instanceId));
    for (const id of there) {
      const other = this.court.instance(id);
      if (id !== instanceId && other.groupId === groupId)
        this.court.violate(
          'anti-affinity',
          `${newcomer} and ${other.name} must not share a host and are both on ${name}`,
        );
    }
  }
}
