import type { Notice, SessionHost } from '../../model/index.js';
import type { SessionContext } from '../context.js';
import { setState } from '../decisions/host-state.js';
import type { Unit } from '../session-writer.js';

/** A failed, skipped or asking host once more, from the step that failed. */
export async function retryHost(context: SessionContext, unit: Unit, hostname: string): Promise<void> {
  const host = await hostOf(context, unit, hostname);
  if (host === undefined) return;
  const { repositories, sessionId } = context;
  await repositories.journal.supersedeFailed(sessionId, hostname, unit.tx);
  await repositories.facts.forget(sessionId, unit.tx);
  await cancelAnswers(context, unit, hostname);
  const began = host.state === 'failed' && host.disabled;
  const back =
    host.state === 'failed' || host.state === 'skipped' ? (began ? 'in_maintenance' : 'waiting') : host.state;
  if (back !== host.state) await setState(context, unit, host, back, 'an admin lets it be tried again');
  await repositories.hosts.update(sessionId, hostname, { lost: null, question: null }, unit.tx);
}

/** Leaves the host unmaintained; the closing or the workflow gives it back. */
export async function skipHost(context: SessionContext, unit: Unit, hostname: string): Promise<void> {
  const host = await hostOf(context, unit, hostname);
  if (host === undefined || host.state === 'skipped' || host.state === 'done') return;
  await setState(context, unit, host, 'skipped', 'an admin leaves it out');
  const lost = { code: 'skipped-by-admin', message: 'An admin left it out.', counts: false };
  await context.repositories.hosts.update(context.sessionId, hostname, { lost, question: null }, unit.tx);
  unit.patchSession({ closed: false });
}

/** The admin did the work by hand: the host counts as maintained. */
export async function markHostDone(context: SessionContext, unit: Unit, hostname: string): Promise<void> {
  const host = await hostOf(context, unit, hostname);
  if (host === undefined || host.state === 'done') return;
  await setState(context, unit, host, 'done', 'an admin says that it is done');
  await context.repositories.hosts.update(context.sessionId, hostname, { lost: null, question: null }, unit.tx);
  unit.patchSession({ closed: false });
}

/** An answer to a question of policy `ask`: go on as `force` would. */
export async function answerQuestion(
  context: SessionContext,
  unit: Unit,
  about: { readonly host?: unknown; readonly project_id?: unknown },
): Promise<void> {
  const { repositories, sessionId } = context;
  if (about.host !== undefined) {
    const host = await hostOf(context, unit, String(about.host));
    if (host !== undefined && host.question !== null) {
      const question = { ...host.question, answered: true };
      await repositories.hosts.update(sessionId, host.hostname, { question }, unit.tx);
    }
  }
  for (const notice of await repositories.notices.list(sessionId, unit.tx)) {
    const isMeant = about.host === undefined ? notice.projectId === about.project_id : notice.host === about.host;
    if (!isMeant || notice.question === null) continue;
    const question = { ...notice.question, answered: true };
    await repositories.notices.update(sessionId, notice.noticeId, { question }, unit.tx);
  }
}

/** What a project said about emptying the host does not hold for the next try. */
async function cancelAnswers({ repositories, sessionId }: SessionContext, unit: Unit, hostname: string): Promise<void> {
  const isAbout = (notice: Notice): boolean => notice.host === hostname && notice.outcome !== 'informed';
  for (const notice of (await repositories.notices.list(sessionId, unit.tx)).filter(isAbout)) {
    const closedAt = notice.closedAt ?? unit.now;
    const cancelled = { outcome: 'cancelled', closedAt, question: null } as const;
    await repositories.notices.update(sessionId, notice.noticeId, cancelled, unit.tx);
  }
}

async function hostOf(context: SessionContext, unit: Unit, hostname: string): Promise<SessionHost | undefined> {
  const hosts = await context.repositories.hosts.list(context.sessionId, unit.tx);
  return hosts.find((host) => host.hostname === hostname && host.excluded === null);
}
