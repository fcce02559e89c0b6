import type { MachineClock } from '../common/clock.js';
import { type Lease, LeaseLost } from '../db/session-repository.js';

/** Part of the lease after which its owner stops by its own clock, before the database would let another engine in. */
const SAFE_PART = 0.8;

/** What the owner itself may believe of its lease, by the machine's monotonic clock (L2). */
export class LeaseGuard {
  private renewedMs: number;

  /** @param leaseS the lease's length in seconds, counted from before the request that took it */
  constructor(
    private readonly lease: Lease,
    private readonly leaseS: number,
    private readonly machine: MachineClock,
    takenMs: number,
  ) {
    this.renewedMs = takenMs;
  }

  /** The database has prolonged the lease; `askedMs` is when it was asked. What has ended here stays ended. */
  renewed(askedMs: number): void {
    if (this.holds) this.renewedMs = Math.max(this.renewedMs, askedMs);
  }

  get holds(): boolean {
    return this.machine.monotonicMs() - this.renewedMs < this.leaseS * 1000 * SAFE_PART;
  }

  /** Asked right before every write to the world. @throws LeaseLost */
  require(): void {
    if (!this.holds) throw new LeaseLost(this.lease);
  }
}
