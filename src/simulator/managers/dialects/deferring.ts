import { type Listed, Manager } from '../manager.js';
import type { ManagerNotice } from '../notice.js';

/** Domain seconds. */
const DEFERS_BY_S = 30;

/**
 * Asks for more time first, and then uses it: its answer comes half of that time after the one it was given. Every
 * second time it names the state in its request.
 */
export class DeferringManager extends Manager {
  private times = 0;

  protected override async decide(notice: ManagerNotice, listed: Listed): Promise<void> {
    const defers = this.options.deferSeconds ?? DEFERS_BY_S;
    const state = `DEFER_${notice.state}`;
    this.times += 1;
    const status = await this.sent.put(notice, state, {
      defer_seconds: defers,
      ...(this.times % 2 === 0 ? { state } : {}),
    });
    if (status === 200) await this.pause(this.left(notice) + defers / 2);
    else this.remarks.push(`${state} was answered ${status}.`);
    await super.decide(notice, listed);
  }

  /** Seconds left of the time that it was given. */
  private left({ replyAt }: ManagerNotice): number {
    const now = this.clock.now().getTime();
    return Math.max(0, ((replyAt?.getTime() ?? now) - now) / 1000);
  }
}
