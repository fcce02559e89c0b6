import { MachineClock } from '../common/clock.js';

/** Values that are remembered for a while; beyond `places` the oldest goes. */
export class ExpiringCache<Value> {
  private readonly entries = new Map<string, { readonly value: Value; readonly endsAtMs: number }>();

  constructor(
    private readonly places: number,
    private readonly clock: MachineClock,
  ) {}

  get(key: string): Value | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    if (this.clock.monotonicMs() < entry.endsAtMs) return entry.value;
    this.entries.delete(key);
    return undefined;
  }

  /** Forgets every value of which `isOver` says so. */
  prune(isOver: (value: Value) => boolean): void {
    for (const [key, { value }] of this.entries) if (isOver(value)) this.entries.delete(key);
  }

  /** Remembers `value` for `ms`; not at all when that is zero or less. */
  set(key: string, value: Value, ms: number): void {
    this.entries.delete(key);
    if (ms <= 0) return;
    this.entries.set(key, { value, endsAtMs: this.clock.monotonicMs() + ms });
    const [oldest] = this.entries.keys();
    if (this.entries.size > this.places && oldest !== undefined) this.entries.delete(oldest);
  }
}
