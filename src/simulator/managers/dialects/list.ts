import { Manager, type ManagerParts } from '../manager.js';
import type { ManagerNotice } from '../notice.js';
import type { Actions, Verdict } from '../replies.js';

/** Domain seconds between the two copies of an answer. */
const TWICE_AFTER_S = 0.05;

/** Sends every answer twice, answers INSTANCE_ACTION_DONE as well, and writes numbers as text. */
export class ListManager extends Manager {
  constructor(parts: ManagerParts) {
    super(parts);
    this.records.numbersAsText = true;
  }

  protected override async actionDone(notice: ManagerNotice): Promise<void> {
    await super.actionDone(notice);
    await this.reply(notice);
  }

  protected override async reply(
    notice: ManagerNotice,
    actions: Actions = {},
    verdict: Verdict = 'ACK',
  ): Promise<void> {
    const again = this.pause(TWICE_AFTER_S).then(() => super.reply(notice, actions, verdict));
    await Promise.all([super.reply(notice, actions, verdict), again]);
  }
}
