import type { Notice, SessionInstance, SessionProject } from '../../model/index.js';
import { SCHEDULED_EVENT, scheduledPayload } from '../../notifications/scheduled.js';
import type { CloseNotice, ExtendNotice, LoseRoom, OpenNotice, RepeatNotice } from '../../workflow/decisions.js';
import type { SessionContext } from '../context.js';
import type { Unit } from '../session-writer.js';

/** Managers act once per receipt of these (L4). */
const ONCE: ReadonlySet<string> = new Set(['SCALE_IN', 'MAINTENANCE_COMPLETE']);

export async function openNotice(session: SessionContext, unit: Unit, decision: OpenNotice): Promise<void> {
  const { repositories, sessionId } = session;
  const { kind: _, assumed = false, planned = null, ...said } = decision;
  // Only telling that something has ended goes on while everything is frozen.
  if (said.replyAt !== null) await repositories.settings.requireThawed(unit.tx);
  const expectsAnswer = said.replyAt !== null && !assumed;
  const notice: Notice = {
    ...said,
    sessionId,
    noticeId: (await repositories.notices.lastId(sessionId, unit.tx)) + 1,
    repeats: 0,
    deferredS: 0,
    openedAt: unit.now,
    closedAt: expectsAnswer ? null : unit.now,
    outcome: expectsAnswer ? null : assumed ? 'forced' : 'informed',
    actions: assumed ? assumedActions(decision) : {},
    question: null,
    planned,
  };
  await repositories.notices.insert(notice, unit.tx);
  await saveProject(session, unit, notice);
  await publish(session, unit, notice);
  const { noticeId, projectId, state, host, instanceIds, replyAt } = notice;
  const plan = planned === null ? {} : { planned };
  unit.tell('notice', { noticeId, project: projectId, state, host, instances: instanceIds, replyAt, ...plan });
}

export async function repeatNotice(session: SessionContext, unit: Unit, decision: RepeatNotice): Promise<void> {
  const { repositories, sessionId } = session;
  const { noticeId, replyAt, actionsAt } = decision;
  await repositories.settings.requireThawed(unit.tx);
  const notice = await repositories.notices.find(sessionId, noticeId, unit.tx);
  if (notice === undefined || notice.closedAt !== null || (await isAnswered(session, unit, notice))) return;
  const repeated = { ...notice, replyAt, actionsAt, repeats: notice.repeats + 1 };
  await repositories.notices.update(sessionId, noticeId, { replyAt, actionsAt, repeats: repeated.repeats }, unit.tx);
  await publish(session, unit, repeated);
  unit.tell('notice-repeated', { noticeId, project: notice.projectId, state: notice.state, repeats: repeated.repeats });
}

function assumedActions({ allowedActions, instanceIds }: OpenNotice): Notice['actions'] {
  return allowedActions.length === 0 ? {} : Object.fromEntries(instanceIds.map((id) => [id, 'MIGRATE' as const]));
}

/** The project is acting: its window grows, without another word to it. */
export async function extendNotice(session: SessionContext, unit: Unit, decision: ExtendNotice): Promise<void> {
  const { noticeId, replyAt, actionsAt } = decision;
  await session.repositories.notices.update(session.sessionId, noticeId, { replyAt, actionsAt }, unit.tx);
  unit.tell('notice-extended', { noticeId, replyAt });
}

export async function loseRoom(session: SessionContext, unit: Unit, { notice, instanceId }: LoseRoom): Promise<void> {
  const { noticeId, host, planned } = notice;
  const room = { ...planned?.room, [instanceId]: false };
  await session.repositories.notices.update(session.sessionId, noticeId, { planned: { ...planned, room } }, unit.tx);
  unit.tell('room-lost', { noticeId, instance: instanceId, host });
}

export async function closeNotice(session: SessionContext, unit: Unit, decision: CloseNotice): Promise<void> {
  const { noticeId, outcome, actions } = decision;
  const notice = await session.repositories.notices.find(session.sessionId, noticeId, unit.tx);
  if (outcome === 'silent' && notice !== undefined && (await isAnswered(session, unit, notice))) return;
  const patch = { closedAt: unit.now, outcome, question: null, ...(actions && { actions }) };
  await session.repositories.notices.update(session.sessionId, noticeId, patch, unit.tx);
  unit.tell('notice-closed', { noticeId, outcome, ...(actions && { actions }) });
}

/** An answer has come between the decision and now; it counts, being there before we gave up (v1 §2.4). */
async function isAnswered({ repositories, sessionId }: SessionContext, unit: Unit, notice: Notice): Promise<boolean> {
  const unread = await repositories.replies.unhandled(sessionId, unit.tx);
  return unread.some(({ projectId }) => projectId === notice.projectId);
}

async function publish(session: SessionContext, unit: Unit, notice: Notice): Promise<void> {
  const { repositories, sessionId, style, settings } = session;
  const stored = await repositories.sessions.getEvenDeleted(sessionId, unit.tx);
  const metadata = stored?.metadata ?? {};
  const { publicUrl } = settings;
  const payload = scheduledPayload({ session: { sessionId, metadata }, notice, style, publicUrl });
  unit.notify(SCHEDULED_EVENT, payload, { once: ONCE.has(notice.state) });
}

async function saveProject(session: SessionContext, unit: Unit, notice: Notice): Promise<void> {
  if (notice.replyAt === null) return;
  const { repositories, sessionId } = session;
  const { projectId, state, replyAt } = notice;
  const known = await repositories.projects.find(sessionId, projectId, unit.tx);
  const project: SessionProject = known ?? {
    sessionId,
    projectId,
    state,
    scaledIn: false,
    notifiedAt: null,
    replyAt: null,
    replies: 0,
    rounds: 0,
  };
  const told = { state, notifiedAt: unit.now, replyAt, rounds: project.rounds + 1 };
  await repositories.projects.save({ ...project, ...told }, unit.tx);
  for (const instanceId of notice.instanceIds) {
    const patch: Partial<SessionInstance> = { projectState: state, ...(notice.host !== null && { actionDone: false }) };
    await repositories.instances.update(sessionId, instanceId, patch, unit.tx);
  }
}
