import { type Clock, ManualClock } from '../../src/common/clock.js';
import { Stopped } from '../../src/common/errors.js';

/** Domain time for stories with real programs: whoever sleeps is there at once, and time with him. */
export class SteppingClock implements Clock {
  /** Seconds that were slept through, each wait by itself. */
  readonly waits: number[] = [];
  private readonly inner = new ManualClock();

  now(): Date {
    return this.inner.now();
  }

  async sleep(until: Date, signal?: AbortSignal): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (signal?.aborted) throw new Stopped();
    this.waits.push((until.getTime() - this.now().getTime()) / 1000);
    this.inner.advanceTo(until);
  }
}
