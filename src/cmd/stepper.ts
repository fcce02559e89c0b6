import { type ManualClock, plusSeconds, SystemMachineClock } from '../common/clock.js';
import { Stopped } from '../common/errors.js';
import type { Quiet } from '../common/quiet.js';
import type { Database } from '../db/database.js';
import { quietOf } from './quiet.js';

/** The longest piece of real time that passes unseen, so that what happens meanwhile is soon taken into account. */
const PIECE_MS = 50;

/**
 * Lets domain time pass in a process that holds everything: at most `speed` times as fast as the machine's, and never
 * while something is still being done about the present instant. However slow the machine, no deadline is missed that
 * a real one would have kept.
 */
export class Stepper {
  private readonly quiet: Quiet;
  private readonly machine = new SystemMachineClock();
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly clock: ManualClock,
    database: Database,
    private readonly speed: number,
  ) {
    this.quiet = quietOf(database);
  }

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    this.quiet.end();
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.quiet.settle();
      try {
        await this.pass();
      } catch (error) {
        if (!(error instanceof Stopped)) throw error;
      }
    }
  }

  /** One piece of time, cut short at the next instant somebody sleeps for. */
  private async pass(): Promise<void> {
    const now = this.clock.now();
    const due = this.clock.nextDue();
    const longestS = (PIECE_MS / 1000) * this.speed;
    const seconds = due === undefined ? longestS : Math.min(longestS, (due.getTime() - now.getTime()) / 1000);
    const realMs = (seconds / this.speed) * 1000;
    // Node's timers are no finer than a millisecond.
    if (realMs >= 1) await this.machine.sleepMs(realMs, this.stopping.signal);
    await this.quiet.settle();
    this.clock.advanceTo(plusSeconds(now, seconds));
  }
}
