import { messageOf, Stopped } from '../../../common/errors.js';
import { type Listed, Manager } from '../manager.js';
import type { ManagerNotice } from '../notice.js';

/** Domain seconds between a boot and a deletion of its own. */
const RESTLESS_S = 12;
/** An instance that has just gone may be in a list that was on its way at that time; domain seconds. */
const ON_THE_WAY_S = 5;

/**
 * Refuses a list that holds an instance which it cannot see. From the first notice to the last it boots an instance of
 * one of its old names and deletes it again, over and over, but not while it is about to answer.
 */
export class WaryManager extends Manager {
  private restless = false;
  private answering = 0;

  protected override async handle(notice: ManagerNotice): Promise<void> {
    this.answering += 1;
    try {
      await super.handle(notice);
    } finally {
      this.answering -= 1;
    }
    if (notice.state === 'MAINTENANCE_COMPLETE') this.restless = false;
    else if (!this.restless) this.beRestless();
  }

  protected override async decide(notice: ManagerNotice, listed: Listed): Promise<void> {
    const unseen = await this.unseen(listed.ids);
    if (unseen === undefined) return super.decide(notice, listed);
    this.carelessSince ??= this.clock.now();
    this.problems.push(`It was asked about ${unseen}, which it cannot see.`);
    await this.reply(notice, {}, 'NACK');
  }

  private async unseen(ids: readonly string[]): Promise<string | undefined> {
    const longAgo = this.clock.now().getTime() - ((this.options.answerAfter ?? 1) + ON_THE_WAY_S) * 1000;
    for (const id of ids) {
      const goneAt = this.application.goneSince(id)?.getTime() ?? 0;
      if (goneAt < longAgo && !(await this.lifecycle.sees(id))) return id;
    }
    return undefined;
  }

  private beRestless(): void {
    this.restless = true;
    void this.comeAndGo().catch((error: unknown) => {
      if (!(error instanceof Stopped) && !this.signal.aborted) this.problems.push(messageOf(error));
    });
  }

  private async comeAndGo(): Promise<void> {
    while (this.restless) {
      await this.pause(RESTLESS_S);
      const model = this.application.members()[0];
      const created = model === undefined ? undefined : await this.lifecycle.bootLike(model.id, this.signal, false);
      await this.pause(RESTLESS_S);
      while (this.answering > 0) await this.pause(1);
      if (created !== undefined) await this.lifecycle.delete(created, this.signal);
    }
  }
}
