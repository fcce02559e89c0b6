import { type MachineClock, ManualClock } from '../../src/common/clock.js';

/** Machine time that stands still until a test moves it, or moves the clock that it goes along with. */
export class ManualMachineClock implements MachineClock {
  constructor(private readonly inner = new ManualClock(new Date(0))) {}

  monotonicMs(): number {
    return this.inner.now().getTime();
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
