import { type MachineClock, ManualClock } from '../../src/common/clock.js';

/** Machine time that stands still until a test moves it, or moves the clock that it goes along with. */
export class ManualMachineClock implements MachineClock {
  private waitedMs = 0;

  constructor(private readonly inner = new ManualClock(new Date(0))) {}

  monotonicMs(): number {
    return this.inner.now().getTime();
  }

  /** At work all the time, but for what {@link waitMs} let pass. */
  busyMs(): number {
    return this.monotonicMs() - this.waitedMs;
  }

  /** Lets time pass in which the thread has nothing to do. */
  waitMs(ms: number): void {
    this.waitedMs += ms;
    this.advanceMs(ms);
  }

  sleepMs(ms: number, signal?: AbortSignal): Promise<void> {
    return this.inner.sleep(new Date(this.monotonicMs() + ms), signal);
  }

  after(ms: number, work: () => void): () => void {
    const cancelled = new AbortController();
    this.sleepMs(ms, cancelled.signal).then(work, () => undefined);
    return () => cancelled.abort();
  }

  advanceMs(ms: number): void {
    this.inner.advanceTo(new Date(this.monotonicMs() + ms));
  }

  /** Milliseconds until somebody's sleep ends; undefined if nobody sleeps. */
  nextDueMs(): number | undefined {
    const due = this.inner.nextDue();
    return due && due.getTime() - this.monotonicMs();
  }
}
