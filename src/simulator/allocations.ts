import { addResources, fitsIn, NO_RESOURCES, type Resources, subtractResources } from '../model/index.js';
import type { SimulatorLog } from './log.js';

/** One consumer's room on one host. While an instance moves, its migration's uuid is the consumer on the source. */
export interface Allocation {
  readonly consumer: string;
  readonly instanceId: string;
  readonly projectId: string;
  readonly userId: string;
  readonly host: string;
  readonly resources: Resources;
  /** Of an evacuated instance, on the host that it came from; `consumer` is then not what Placement shows. */
  readonly leftOver?: boolean;
  /** Of a consumer that is neither an instance nor a migration, as whoever made it calls it. */
  readonly consumerType?: string;
}

/** Placement's allocations: who takes how much of which host. */
export class Allocations {
  private readonly byConsumer = new Map<string, Allocation>();
  private readonly byHost = new Map<string, Set<Allocation>>();
  private readonly usedOn = new Map<string, Resources>();

  constructor(private readonly log: SimulatorLog) {}

  of(consumer: string): Allocation | undefined {
    return this.byConsumer.get(consumer);
  }

  on(host: string): readonly Allocation[] {
    return [...(this.byHost.get(host) ?? [])];
  }

  used(host: string): Resources {
    return this.usedOn.get(host) ?? NO_RESOURCES;
  }

  fits(wanted: Resources, host: { readonly name: string; readonly capacity: Resources }): boolean {
    return fitsIn(wanted, subtractResources(host.capacity, this.used(host.name)));
  }

  claim(allocation: Allocation): void {
    const { consumer, instanceId, host, resources } = allocation;
    this.byConsumer.set(consumer, allocation);
    const there = this.byHost.get(host) ?? new Set();
    this.byHost.set(host, there.add(allocation));
    this.usedOn.set(host, addResources(this.used(host), resources));
    this.log.add({ kind: 'claim', consumer, instanceId, host, resources });
  }

  /** @param later puts off what Placement shows; the room is given back in truth at once */
  release(consumer: string, later: (show: () => void) => void = (show) => show()): void {
    const allocation = this.byConsumer.get(consumer);
    if (allocation === undefined) return;
    const { host, instanceId, resources } = allocation;
    this.log.add({ kind: 'release', consumer, instanceId, host });
    later(() => {
      if (this.byConsumer.get(consumer) !== allocation) return;
      this.byConsumer.delete(consumer);
      this.byHost.get(host)?.delete(allocation);
      this.usedOn.set(host, subtractResources(this.used(host), resources));
    });
  }

  /** What an instance holds stays where it is, and the instance may claim room elsewhere. */
  leaveBehind(instanceId: string): void {
    const held = this.byConsumer.get(instanceId);
    if (held === undefined) return;
    const consumer = `${instanceId} left on ${held.host}`;
    this.release(instanceId);
    this.claim({ ...held, consumer, leftOver: true });
  }

  /** The instance is the consumer on the source of its migration again, and on no other host. */
  takeBack(instanceId: string, migrationUuid: string): void {
    if (this.byConsumer.get(migrationUuid) === undefined) return;
    this.release(instanceId);
    this.hand(migrationUuid, instanceId);
  }

  /** All that an instance left behind on hosts that it was evacuated from. */
  forgetLeftOvers(instanceId: string): void {
    for (const { consumer, leftOver, instanceId: id } of this.byConsumer.values())
      if (leftOver === true && id === instanceId) this.release(consumer);
  }

  /** Gives what `from` holds to `to`, in Placement's single write. */
  hand(from: string, to: string): void {
    const held = this.byConsumer.get(from);
    if (held === undefined) return;
    this.release(from);
    this.claim({ ...held, consumer: to });
  }
}
