import { type Listed, Manager } from '../manager.js';
import type { ManagerNotice } from '../notice.js';

/** Says no in one state, each time. */
export class RefusingManager extends Manager {
  protected override async decide(notice: ManagerNotice, listed: Listed): Promise<void> {
    if (notice.state !== (this.options.inState ?? 'PLANNED_MAINTENANCE')) return super.decide(notice, listed);
    this.becomeCareless(`It refused ${notice.state}.`);
    await this.reply(notice, {}, 'NACK');
  }
}
