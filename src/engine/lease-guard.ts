import type { MachineClock } from '../common/clock.js';
import type { SharedInstant } from '../common/shared-instant.js';
import { LeaseLost } from '../db/session-repository.js';

/** Part of the lease after which its owner stops by its own clock, before the database would let another engine in. */
const SAFE_PART = 0.8;

/** What an engine itself may believe of its lease, by the machine's monotonic clock (L2). */
export class LeaseGuard {
  private ended = false;

  /**
   * @param leaseS the lease's length in seconds
   * @param renewed when the request was sent that prolonged it last; may be moved by another thread
   */
  constructor(
    readonly engineId: string,
    private readonly leaseS: number,
    private readonly machine: MachineClock,
    private readonly renewed: SharedInstant,
  ) {}

  /** What was seen to have ended stays ended, whatever answers come late. */
  get holds(): boolean {
    if (this.leftMs <= 0) this.ended = true;
    return !this.ended;
  }

  /** Until everything must be let go, unless it is renewed. */
  get leftMs(): number {
    return this.renewed.ms + this.leaseS * 1000 * SAFE_PART - this.machine.monotonicMs();
  }

  /** The lease is known to be lost. */
  end(): void {
    this.ended = true;
  }

  /** Asked right before every write to the world. @throws LeaseLost */
  require(): void {
    if (!this.holds) throw new LeaseLost(`sessions as ${this.engineId}`);
  }
}
