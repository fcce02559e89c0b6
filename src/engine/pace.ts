import type { Wake } from '../common/wake.js';
import type { SessionContext } from './context.js';

/** Shorter rests are not worth the while. */
const SHORT_TURN_MS = 20;

/** When a session's owner looks again. */
export class Pace {
  private busyBeforeMs = 0;

  constructor(
    private readonly context: Pick<SessionContext, 'clock' | 'machine' | 'settings' | 'stopping'>,
    private readonly wake: Wake,
  ) {}

  /** A turn begins. */
  begin(): void {
    this.busyBeforeMs = this.context.machine.busyMs();
  }

  /**
   * Until woken, or `until` has come. What wakes us seldom comes alone: after a turn that was much work, as those of a
   * large cloud are, what comes in as long a time again is looked at together. That a cloud was slow to answer does not
   * count: nobody gains by waiting for it twice.
   * @throws Stopped
   */
  async rest(until: Date): Promise<void> {
    const { clock, machine, settings, stopping } = this.context;
    const busyMs = machine.busyMs() - this.busyBeforeMs;
    await this.pause(until);
    const restMs = Math.min(busyMs, settings.turnPaceMs);
    if (restMs < SHORT_TURN_MS || clock.now() >= until) return;
    await machine.sleepMs(restMs, stopping);
  }

  private async pause(until: Date): Promise<void> {
    const { clock, stopping } = this.context;
    const ended = new AbortController();
    const signal = AbortSignal.any([stopping, ended.signal]);
    try {
      await Promise.race([this.wake.wait(signal), clock.sleep(until, signal).catch(() => undefined)]);
    } finally {
      ended.abort();
    }
  }
}
