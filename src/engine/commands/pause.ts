import type { Session } from '../../model/index.js';
import type { SessionContext } from '../context.js';
import type { Unit } from '../session-writer.js';

/** Nothing new begins from now on; what runs ends. */
export function pauseSession(unit: Unit, session: Session): void {
  if (session.pausedAt === null) unit.patchSession({ pausedAt: unit.now, waiting: null });
}

/** Open windows grow by the pause, so that nobody's time ran out meanwhile (v1 §1.5). */
export async function resumeSession({ repositories }: SessionContext, unit: Unit, session: Session): Promise<void> {
  const { pausedAt, sessionId } = session;
  if (pausedAt === null) return;
  const pausedMs = unit.now.getTime() - pausedAt.getTime();
  const later = (at: Date | null): Date | null => at && new Date(at.getTime() + pausedMs);
  for (const notice of await repositories.notices.list(sessionId, unit.tx)) {
    if (notice.closedAt !== null) continue;
    const window = { replyAt: later(notice.replyAt), actionsAt: later(notice.actionsAt) };
    await repositories.notices.update(sessionId, notice.noticeId, window, unit.tx);
  }
  unit.patchSession({ pausedAt: null });
}
