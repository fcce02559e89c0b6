import { Manager } from '../manager.js';
import type { ManagerNotice } from '../notice.js';

/**
 * Upgrades itself while the cloud is upgraded: where the notice's metadata says what maintained hosts will offer, it takes
 * the move to one for the occasion, answers OWN_ACTION and puts a new instance in the old one's place.
 */
export class UpgradingManager extends Manager {
  protected override async letGo(notice: ManagerNotice, ids: readonly string[]): Promise<void> {
    const isOffered = notice.state === 'PLANNED_MAINTENANCE' && Object.keys(notice.metadata).length > 0;
    if (!isOffered) return super.letGo(notice, ids);
    this.switchAway(ids);
    await this.reply(notice, Object.fromEntries(ids.map((id) => [id, 'OWN_ACTION'])));
    for (const id of ids) await this.replace(id);
  }
}
