import type { Question } from '../../model/index.js';
import type { SessionContext } from '../context.js';
import type { Unit } from '../session-writer.js';

/** Windows of open notices and open questions grow by that time, so that nobody's ran out meanwhile (v1 §1.5). */
export async function growWindows(context: SessionContext, unit: Unit, from: Date, to: Date): Promise<void> {
  const { repositories, sessionId } = context;
  const byMs = to.getTime() - from.getTime();
  if (byMs <= 0) return;
  const later = (at: Date | null): Date | null => at && new Date(at.getTime() + byMs);
  const asked = (question: Question | null): Question | null =>
    question && { ...question, until: new Date(question.until.getTime() + byMs) };
  for (const notice of await repositories.notices.list(sessionId, unit.tx)) {
    const { noticeId, closedAt, question } = notice;
    if (closedAt !== null && question === null) continue;
    const window = closedAt === null ? { replyAt: later(notice.replyAt), actionsAt: later(notice.actionsAt) } : {};
    await repositories.notices.update(sessionId, noticeId, { ...window, question: asked(question) }, unit.tx);
  }
  for (const { hostname, question } of await repositories.hosts.list(sessionId, unit.tx)) {
    if (question === null) continue;
    await repositories.hosts.update(sessionId, hostname, { question: asked(question) }, unit.tx);
  }
}
