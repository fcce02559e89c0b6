import { plusSeconds } from '../../../common/clock.js';
import { Manager } from '../manager.js';
import type { ManagerNotice } from '../notice.js';

/** Domain seconds. */
const ANSWERS_AFTER_S = 90;

/** Answers late, and until then makes snapshots of what it was asked about, so that anybody can see that it acts. */
export class SlowManager extends Manager {
  protected override async think(_notice: ManagerNotice, ids: readonly string[]): Promise<void> {
    const until = plusSeconds(this.clock.now(), this.options.answerAfter ?? ANSWERS_AFTER_S);
    while (this.clock.now() < until) {
      if (ids[0] !== undefined) await this.lifecycle.snapshot(ids[0], this.signal);
      await this.pause(1);
    }
  }
}
