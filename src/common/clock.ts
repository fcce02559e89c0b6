import { Stopped } from './errors.js';

/**
 * Domain time: notices, recovery times, windows, maintenance_at. Scaled or stepped in simulation and tests.
 * Leases, tokens and time-outs of requests use {@link MachineClock} instead.
 */
export interface Clock {
  now(): Date;
  /** Resolves at `until` (at once if it has passed); rejects with {@link Stopped} when `signal` aborts. */
  sleep(until: Date, signal?: AbortSignal): Promise<void>;
}
export const Clock: unique symbol = Symbol('Clock');

/** Machine time: never scaled. */
export interface MachineClock {
  /** Milliseconds that only grow; no relation to any calendar. */
  monotonicMs(): number;
  /** Of those, how many this thread has been at work, not waiting for anything. */
  busyMs(): number;
  /** Resolves after `ms`; rejects with {@link Stopped} when `signal` aborts. */
  sleepMs(ms: number, signal?: AbortSignal): Promise<void>;
  /** Runs `work` after `ms`, unless the returned function is called before: a time limit that is hardly ever reached. */
  after(ms: number, work: () => void): () => void;
}
export const MachineClock: unique symbol = Symbol('MachineClock');

/** Node's timers overflow beyond this and would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The same instants in all threads of the process. */
export class SystemMachineClock implements MachineClock {
  monotonicMs(): number {
    return Number(process.hrtime.bigint()) / 1e6;
  }

  busyMs(): number {
    return performance.eventLoopUtilization().active;
  }

  async sleepMs(ms: number, signal?: AbortSignal): Promise<void> {
    let left = ms;
    while (left > LONGEST_TIMER_MS) {
      await timer(LONGEST_TIMER_MS, signal);
      left -= LONGEST_TIMER_MS;
    }
    await timer(Math.max(0, left), signal);
  }

  after(ms: number, work: () => void): () => void {
    let handle: NodeJS.Timeout;
    const wait = (left: number): void => {
      const step = Math.min(Math.max(0, left), LONGEST_TIMER_MS);
      handle = setTimeout(() => (left > step ? wait(left - step) : work()), step);
    };
    wait(ms);
    return () => clearTimeout(handle);
  }
}

/** Domain time that runs `speed` times as fast as the machine's, from `origin` on. `speed` 1 is the real clock. */
export class ScaledClock implements Clock {
  private readonly machine = new SystemMachineClock();
  private readonly startedMs: number;

  /**
   * @param speed domain seconds per machine second, > 0
   * @param originMs both clocks show this instant (milliseconds of Unix time) together; processes that share a domain
   *   must be given the same
   */
  constructor(
    readonly speed = 1,
    readonly originMs: number = Date.now(),
  ) {
    this.startedMs = performance.now() - (Date.now() - originMs);
  }

  now(): Date {
    return new Date(this.originMs + (performance.now() - this.startedMs) * this.speed);
  }

  async sleep(until: Date, signal?: AbortSignal): Promise<void> {
    // A timer may fire a fraction of a millisecond early: go round until domain time has really come.
    for (let left = until.getTime() - this.now().getTime(); left > 0; left = until.getTime() - this.now().getTime()) {
      await this.machine.sleepMs(Math.max(1, left / this.speed), signal);
    }
    if (signal?.aborted) throw new Stopped();
  }
}

/** Domain time that stands still until somebody moves it. */
export class ManualClock implements Clock {
  private readonly sleepers = new Set<{ readonly at: number; wake(): void }>();

  constructor(private current = new Date('2026-01-01T00:00:00Z')) {}

  now(): Date {
    return new Date(this.current);
  }

  sleep(until: Date, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(new Stopped());
    if (until.getTime() <= this.current.getTime()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.sleepers.delete(sleeper);
        reject(new Stopped());
      };
      const sleeper = {
        at: until.getTime(),
        wake: () => {
          this.sleepers.delete(sleeper);
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      this.sleepers.add(sleeper);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** The earliest instant somebody sleeps for; undefined if nobody does. */
  nextDue(): Date | undefined {
    let least: number | undefined;
    for (const { at } of this.sleepers) if (least === undefined || at < least) least = at;
    return least === undefined ? undefined : new Date(least);
  }

  /** Moves to `to` (never back), waking whoever is due on the way, in order of time. */
  advanceTo(to: Date): void {
    for (;;) {
      const due = this.nextDue();
      if (due === undefined || due.getTime() > to.getTime()) break;
      this.current = new Date(Math.max(due.getTime(), this.current.getTime()));
      for (const sleeper of [...this.sleepers]) if (sleeper.at <= this.current.getTime()) sleeper.wake();
    }
    if (to.getTime() > this.current.getTime()) this.current = new Date(to);
  }
}

function timer(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.reject(new Stopped());
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(handle);
      reject(new Stopped());
    };
    const handle = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** `date` moved by `seconds`. */
export function plusSeconds(date: Date, seconds: number): Date {
  return new Date(date.getTime() + seconds * 1000);
}
