import { setMaxListeners } from 'node:events';
import type { Clock } from '../common/clock.js';
import { plusSeconds } from '../common/clock.js';

interface Due {
  readonly at: Date;
  readonly run: () => void;
}

/**
 * What will happen in the simulated cloud, in order of domain time. An event sees as `now()` the instant it was due,
 * even when the clock jumped far beyond it, so that a stepped clock gives the same history as a running one.
 */
export class Timeline {
  private readonly queue: Due[] = [];
  private readonly ended = new AbortController();
  private current: Date | undefined;

  constructor(private readonly clock: Clock) {
    // Every event that is to come waits on it.
    setMaxListeners(0, this.ended.signal);
  }

  now(): Date {
    return this.current ?? this.clock.now();
  }

  /** Runs `run` in `seconds` of domain time. */
  after(seconds: number, run: () => void): void {
    const due = { at: plusSeconds(this.now(), seconds), run };
    const later = this.queue.findIndex(({ at }) => at.getTime() > due.at.getTime());
    this.queue.splice(later === -1 ? this.queue.length : later, 0, due);
    this.clock.sleep(due.at, this.ended.signal).then(
      () => this.catchUp(),
      () => undefined, // stopped
    );
  }

  /** Runs all that is due by now; called before anybody looks at the cloud. */
  catchUp(): void {
    if (this.current !== undefined || this.ended.signal.aborted) return;
    const until = this.clock.now().getTime();
    for (let next = this.queue[0]; next !== undefined && next.at.getTime() <= until; next = this.queue[0]) {
      this.queue.shift();
      this.current = next.at;
      try {
        next.run();
      } finally {
        this.current = undefined;
      }
    }
  }

  stop(): void {
    this.ended.abort();
    this.queue.length = 0;
  }
}
