import { Manager } from '../manager.js';
import type { ManagerNotice } from '../notice.js';

/** Answers OWN_ACTION when it is done already: each instance has a successor of the same name and another id. */
export class ReinstantiatingManager extends Manager {
  protected override async letGo(notice: ManagerNotice, ids: readonly string[]): Promise<void> {
    this.switchAway(ids);
    const actions: Record<string, string> = {};
    for (const id of ids)
      actions[id] = (await this.replace(id)) ? 'OWN_ACTION' : this.actionFor(id, notice.allowedActions);
    await this.reply(notice, actions);
  }
}
