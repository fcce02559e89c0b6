import { Stopped } from '../common/errors.js';

/** Lets at most `places` holders in at a time, in order of arrival. */
export class Semaphore {
  private taken = 0;
  private readonly queue = new Set<() => void>();

  constructor(private readonly places: number) {}

  /** Runs `work` when a place is free; rejects with {@link Stopped} when `signal` aborts while it still waits. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.enter(signal);
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  private enter(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(new Stopped());
    if (this.taken < this.places) {
      this.taken += 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.queue.delete(turn);
        reject(new Stopped());
      };
      const turn = (): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      this.queue.add(turn);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** The place goes straight to whoever waits longest, so that nobody slips in between. */
  private leave(): void {
    const [next] = this.queue;
    if (next === undefined) {
      this.taken -= 1;
    } else {
      this.queue.delete(next);
      next();
    }
  }
}
