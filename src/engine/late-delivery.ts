import { plusSeconds } from '../common/clock.js';
import type { Repositories } from '../db/repositories.js';
import type { OutboxEntry } from '../model/index.js';
import type { Note } from './outbox.js';
import type { SessionWriter, Unit } from './session-writer.js';

/** No more than a broker that is well takes, seconds of domain time. */
const PROMPT_S = 2;

/**
 * Notes what was published. A project that could not know of its notice before gets its time for the answer from then
 * on: trouble with the broker is never taken for its silence (L7).
 */
export function noteDelivery(writer: SessionWriter, repositories: Repositories): Note {
  return (entry, at, write) => {
    if (at <= plusSeconds(entry.createdAt, PROMPT_S)) return write();
    return writer.commit(async (unit) => {
      await growWindowsOf(entry, at, unit, repositories);
      await write(unit.tx);
    });
  };
}

async function growWindowsOf(
  { sessionId, createdAt, payload }: OutboxEntry,
  at: Date,
  unit: Unit,
  { notices }: Repositories,
): Promise<void> {
  const lateS = (at.getTime() - createdAt.getTime()) / 1000;
  for (const notice of await notices.open(sessionId, String(payload.project_id), unit.tx)) {
    const { noticeId, state, replyAt, actionsAt, openedAt } = notice;
    if (state !== payload.state || replyAt === null || openedAt > createdAt) continue;
    const window = { replyAt: plusSeconds(replyAt, lateS), actionsAt: actionsAt && plusSeconds(actionsAt, lateS) };
    await notices.update(sessionId, noticeId, window, unit.tx);
    unit.tell('notice-extended', { noticeId, replyAt: window.replyAt, lateS });
  }
}
