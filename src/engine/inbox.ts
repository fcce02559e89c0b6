import { deferralOf } from '../model/defer.js';
import type { InstanceAction, Notice, Reply } from '../model/index.js';
import { takeCommand } from './commands/take-command.js';
import type { SessionContext } from './context.js';
import type { Unit } from './session-writer.js';

/** Of one transaction: whoever answers meanwhile waits for its end. */
const MOST_REPLIES = 16;

/** Consumes the rows that the API inserted for this session: answers of projects and wishes of admins (L1, L2). */
export async function consumeInbox(session: SessionContext): Promise<void> {
  const { repositories, sessionId } = session;
  const replies = await repositories.replies.unhandled(sessionId);
  for (let from = 0; from < replies.length; from += MOST_REPLIES) {
    await session.writer.commit(async (unit) => {
      for (const reply of replies.slice(from, from + MOST_REPLIES)) await takeReply(session, unit, reply);
    });
  }
  // A project that scaled in has changed the cloud: whether that was enough is not to be judged by an older reading.
  if (replies.some(({ state }) => state === 'ACK_SCALE_IN')) session.watch.changed();
  for (const command of await repositories.commands.unhandled(sessionId)) {
    await session.writer.commit(async (unit) => {
      await repositories.commands.markHandled(command.commandId, unit.now, unit.tx);
      const current = await repositories.sessions.getEvenDeleted(sessionId, unit.tx);
      unit.tell('command-taken', { kind: command.kind, ...command.args, requestId: command.requestId }, command.userId);
      if (current !== undefined) await takeCommand(session, unit, current, command);
    });
  }
}

/** A reply belongs to the open notice of its project (and instance) with the same state; any other has no effect. */
async function takeReply(session: SessionContext, unit: Unit, reply: Reply): Promise<void> {
  const { repositories, sessionId } = session;
  await repositories.replies.markHandled(reply.replyId, unit.now, unit.tx);
  const open = await repositories.notices.open(sessionId, reply.projectId, unit.tx);
  const notice = open.find((candidate) => answers(candidate, reply));
  const about = { state: reply.state, project: reply.projectId, requestId: reply.requestId };
  if (notice === undefined) {
    unit.tell('reply-without-effect', about, reply.userId);
    return;
  }
  if (reply.deferSeconds !== null) return defer(session, unit, notice, reply);
  const outcome = reply.state.startsWith('ACK_') ? 'ack' : 'nack';
  const actions = outcome === 'ack' ? chosenActions(notice, reply) : {};
  await repositories.notices.update(sessionId, notice.noticeId, { closedAt: unit.now, outcome, actions }, unit.tx);
  await noteAnswer(session, unit, notice, reply);
  unit.tell('reply', { ...about, noticeId: notice.noticeId, actions }, reply.userId);
}

function answers(notice: Notice, reply: Reply): boolean {
  if (!['ACK', 'NACK', 'DEFER'].some((word) => reply.state === `${word}_${notice.state}`)) return false;
  if (reply.instanceId !== null && notice.instanceId !== null) return reply.instanceId === notice.instanceId;
  const named = Object.keys(reply.instanceActions);
  // Instances of an earlier round only: a late answer (v1 §2.3).
  return named.length === 0 || named.some((id) => notice.instanceIds.includes(id));
}

/** Neither yes nor no: the open notice's times move, as far as `max_defer` goes (v1 §2.4). */
async function defer(session: SessionContext, unit: Unit, notice: Notice, reply: Reply): Promise<void> {
  const { repositories, sessionId, settings } = session;
  const later = deferralOf(notice, reply.deferSeconds ?? 0, settings.maxDeferS);
  await repositories.notices.update(sessionId, notice.noticeId, { ...later }, unit.tx);
  unit.tell('notice-deferred', { noticeId: notice.noticeId, project: reply.projectId, ...later }, reply.userId);
}

/** An instance that the answer leaves out gets the reply's common action, else MIGRATE (v1 §1.2). */
function chosenActions(notice: Notice, reply: Reply): Record<string, InstanceAction> {
  if (notice.allowedActions.length === 0) return {};
  return Object.fromEntries(
    notice.instanceIds.map((id) => [
      id,
      (reply.instanceActions[id] ?? reply.instanceAction ?? 'MIGRATE') as InstanceAction,
    ]),
  );
}

async function noteAnswer(session: SessionContext, unit: Unit, notice: Notice, reply: Reply): Promise<void> {
  const { repositories, sessionId } = session;
  const project = await repositories.projects.find(sessionId, reply.projectId, unit.tx);
  if (project !== undefined) {
    const scaledIn = project.scaledIn || reply.state === 'ACK_SCALE_IN';
    await repositories.projects.save(
      { ...project, state: reply.state, replies: project.replies + 1, scaledIn },
      unit.tx,
    );
  }
  for (const instanceId of notice.instanceIds) {
    await repositories.instances.update(sessionId, instanceId, { projectState: reply.state }, unit.tx);
  }
}
