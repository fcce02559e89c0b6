import { type Clock, type ScaledClock } from '../../../src/common/clock.js';
import { Stopped } from '../../../src/common/errors.js';
import { Wake } from '../../../src/common/wake.js';

/** The cloud's time: that of the service, but for the while that it is held still. */
export class GatedClock implements Clock {
  private heldMs: number | undefined;
  private lostMs = 0;
  private readonly released = new Set<Wake>();

  constructor(private readonly inner: ScaledClock) {}

  now(): Date {
    return new Date((this.heldMs ?? this.inner.now().getTime()) - this.lostMs);
  }

  async sleep(until: Date, signal: AbortSignal = new AbortController().signal): Promise<void> {
    const released = new Wake();
    this.released.add(released);
    try {
      while (this.now() < until) {
        if (this.heldMs === undefined) await this.inner.sleep(new Date(until.getTime() + this.lostMs), signal);
        else await released.wait(signal);
        if (signal.aborted) throw new Stopped();
      }
    } finally {
      this.released.delete(released);
    }
  }

  hold(): void {
    this.heldMs ??= this.inner.now().getTime();
  }

  release(): void {
    if (this.heldMs === undefined) return;
    this.lostMs += this.inner.now().getTime() - this.heldMs;
    this.heldMs = undefined;
    for (const wake of this.released) wake.raise();
  }
}
