import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { WORK_BEGAN, WORK_ENDED } from './under-way.js';

/** Turns of the event loop without anything happening after which nothing more will happen by itself. */
const QUIET_TURNS = 12;
const STARTED = ['undici:request:create', WORK_BEGAN];
const ENDED = ['undici:request:trailers', 'undici:request:error', WORK_ENDED];

/**
 * Knows when everything in this process waits for the clock: no HTTP request or other work that tells is under way, and
 * nothing happened for a few turns of the event loop. Watches from outside (diagnostics channels), so that what it watches
 * runs as it is.
 */
export class Quiet {
  private underWay = 0;
  private activity = 0;
  private readonly onStart = (): void => {
    this.underWay += 1;
    this.activity += 1;
  };
  private readonly onEnd = (): void => {
    // What had begun before anybody watched ends as well.
    this.underWay = Math.max(0, this.underWay - 1);
    this.activity += 1;
  };

  constructor() {
    for (const name of STARTED) subscribe(name, this.onStart);
    for (const name of ENDED) subscribe(name, this.onEnd);
  }

  /** Something happened just now. */
  touch(): void {
    this.activity += 1;
  }

  /** Resolves when all that could happen at this instant of the clock has happened. */
  async settle(): Promise<void> {
    let seen = this.activity;
    for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.underWay === 0 && this.activity === seen) continue;
      seen = this.activity;
      quiet = -1;
    }
  }

  end(): void {
    for (const name of STARTED) unsubscribe(name, this.onStart);
    for (const name of ENDED) unsubscribe(name, this.onEnd);
  }
}
