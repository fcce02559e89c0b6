import { type Listed, Manager } from '../manager.js';
import type { ManagerNotice } from '../notice.js';

/** Answers one kind of notice by deleting all its instances and records, and says nothing more. */
export class RetiringManager extends Manager {
  private retired = false;

  protected override async decide(notice: ManagerNotice, listed: Listed): Promise<void> {
    if (this.retired) return;
    if (notice.state !== (this.options.inState ?? 'PLANNED_MAINTENANCE')) return super.decide(notice, listed);
    this.retired = true;
    this.becomeCareless(`It retired in ${notice.state}.`);
    const all = this.application.members().map(({ id }) => id);
    for (const id of all) this.application.giveUp(id);
    for (const id of all) await this.delete(id);
    if (this.options.constraints === true) await this.records.removeGroups();
  }
}
