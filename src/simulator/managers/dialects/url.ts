import { messageOf } from '../../../common/errors.js';
import { Manager, type ManagerParts } from '../manager.js';
import { type ManagerNotice, parseNotice } from '../notice.js';
import type { Actions, Verdict } from '../replies.js';
import { parseYamlFlow } from '../yaml-flow.js';

/**
 * Takes the text of traits for YAML, sends nothing twice, keeps the token that it began with for ever (its session does
 * not renew it), and is done for by a state that it does not know.
 */
export class UrlManager extends Manager {
  private broken = false;

  constructor(parts: ManagerParts) {
    super(parts);
    this.sent.repeats = 0;
  }

  protected override read(body: unknown): ManagerNotice {
    return parseNotice(body, parseYamlFlow);
  }

  protected override async handle(notice: ManagerNotice): Promise<void> {
    if (this.broken) return;
    try {
      await super.handle(notice);
    } catch (error) {
      if ((error as { status?: unknown } | null)?.status !== 401) throw error;
      this.becomeCareless(`Its token has run out: ${messageOf(error)}`);
    }
  }

  protected override async unknown(notice: ManagerNotice): Promise<void> {
    this.broken = true;
    this.carelessSince ??= this.clock.now();
    await super.unknown(notice);
  }

  protected override async reply(
    notice: ManagerNotice,
    actions: Actions = {},
    verdict: Verdict = 'ACK',
  ): Promise<void> {
    const taken = await this.sent.send(notice, verdict, actions, this.signal);
    if (taken) return;
    if (this.sent.lastStatus === 401) this.becomeCareless('Its token has run out.');
    else this.problems.push(`${verdict}_${notice.state} was not taken.`);
  }
}
