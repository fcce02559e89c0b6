import { isUnfinished, type JournalEntry, type Session, type SessionHost } from '../model/index.js';
import { isTooSoonToLetGo } from '../workflow/holding.js';
import { disabledReason } from '../workflow/hosts.js';
import { plainWindow } from '../workflow/notices.js';
import { isTooSoon } from '../workflow/trying-again.js';
import type { SessionContext } from './context.js';
import { letRoomGo } from './decisions/hold-room.js';
import { giveHostBack, tellWhyDisabled } from './decisions/hosts.js';
import { openNotice } from './decisions/notices.js';
import type { ServiceIntent } from './effects/service.js';
import type { OutboxPublisher } from './outbox.js';
import { releaseHosts } from './releasing.js';
import type { Unit } from './session-writer.js';
import { leftStopped, startBeforeClosing } from './stopped.js';
import { transition } from './transition.js';
import { undoOnEngine, undoOnHosts, unsuccessful } from './undoing.js';

const WAIT_FOR_SCALED_IN: ClosingWait = {
  for: 'replies',
  message: 'Ending: waiting for the projects that scaled in to answer MAINTENANCE_COMPLETE.',
};

/** What the closing waits for, in words (L7). */
export interface ClosingWait {
  readonly for: string;
  readonly message: string;
}

export type ClosingStep = 'closed' | 'again' | ClosingWait;

/**
 * What is left to do for a session that ended, or is to end, in whatever way: effects end, hosts are given back (L6),
 * those who scaled in are told, claims are released, the last notifications go out. Each call does the next piece.
 * @param deleted nobody is to be waited for
 */
export async function closeSession(
  context: SessionContext,
  session: Session,
  outbox: OutboxPublisher,
  deleted: boolean,
): Promise<ClosingStep> {
  const { count } = context.effects;
  if (count > 0) return { for: 'effects', message: `Ending: waiting for ${count} effect(s) to end.` };
  const journal = await context.repositories.journal.list(context.sessionId);
  const held = await letHeldRoomGo(context, journal);
  if (held !== undefined) return held;
  const hosts = await context.repositories.hosts.list(context.sessionId);
  const aborted = session.aborting !== null || (deleted && isUnfinished(session.state));
  const undoing = aborted ? await undoOnHosts(context, session, hosts, journal) : undefined;
  if (undoing !== undefined) return { for: 'undo', message: undoing };
  const left = await context.repositories.hosts.list(context.sessionId);
  const disabled = left.filter((host) => host.disabled);
  const isBroken = (host: SessionHost): boolean =>
    host.state === 'in_maintenance' && unsuccessful(session, host, journal) !== undefined;
  for (const host of disabled) {
    const failed = isBroken(host) ? unsuccessful(session, host, journal) : undefined;
    const undo = failed?.intent.phase === 'undo' ? 'undo of ' : '';
    const reason = disabledReason(context.sessionId, `${undo}${failed?.intent.name} failed`);
    if (failed === undefined || saysWhy(journal, host, reason)) continue;
    await tellWhyDisabled(context, host.hostname, reason);
    return { for: 'service', message: `Ending: writing down why ${host.hostname} stays disabled.` };
  }
  const starting = await startBeforeClosing(context, journal, left, (host) => {
    return host.state === 'failed' || isBroken(host);
  });
  if (starting !== undefined) return starting;
  const owed = disabled.find((host) => host.state !== 'failed' && !isBroken(host));
  if (owed !== undefined) {
    if (!isTooSoon(enablingsOf(journal, owed)))
      await giveHostBack(context, { kind: 'give-host-back', host: owed.hostname });
    return { for: 'service', message: `Ending: host ${owed.hostname} is being given back.` };
  }
  const releasing = await releaseHosts(context, session, left, journal);
  if (releasing !== undefined) return { for: 'release', message: `Ending: ${releasing}` };
  const engine = aborted ? await undoOnEngine(context, session, journal) : undefined;
  if (engine !== undefined) return { for: 'undo', message: engine };
  const { settling } = context.effects;
  if (settling > 0) return { for: 'moves', message: `Ending: waiting for ${settling} late move(s) to end.` };
  if (isUnfinished(session.state) || isAbortOfFailed(session)) {
    const told = await tellScaledIn(context, deleted);
    if (told !== 'again') return told;
    await context.writer.commit((unit) => end(context, unit, session, deleted));
    return 'again';
  }
  if (outbox.hasPending) {
    outbox.raise();
    return { for: 'delivery', message: 'Ending: the last notifications are being delivered.' };
  }
  const stopped = await leftStopped(context);
  const isClosed = await context.writer.commit(async (unit) => {
    // An admin may have said something since the inbox was read: a continuation has taken its claims again already.
    if ((await context.repositories.commands.unhandled(context.sessionId, unit.tx)).length > 0) return false;
    await context.repositories.claims.release(context.sessionId, unit.tx);
    await cancelOpenNotices(context, unit);
    unit.patchSession({ closed: true, waiting: null });
    unit.tell('closed', stopped.length > 0 ? { stopped } : {});
    return true;
  });
  return isClosed ? 'closed' : 'again';
}

/** Room that Placement still holds for moves that will not be (L6). @returns what is waited for */
async function letHeldRoomGo(
  context: SessionContext,
  journal: readonly JournalEntry[],
): Promise<ClosingWait | undefined> {
  const held = await context.repositories.placeholders.ofSession(context.sessionId);
  if (held.length === 0) return undefined;
  const due = held.filter((placeholder) => !isTooSoonToLetGo(journal, placeholder));
  await Promise.all(due.map((placeholder) => letRoomGo(context, { kind: 'let-room-go', placeholder })));
  return { for: 'held-room', message: `Ending: Placement lets the room go that it holds for ${held.length} move(s).` };
}

/** A failed session that an admin aborts only has to say so, and to tell those who scaled in. */
function isAbortOfFailed(session: Session): boolean {
  return session.state === 'MAINTENANCE_FAILED' && session.aborting !== null && session.reason?.code !== 'aborted';
}

function end(context: SessionContext, unit: Unit, session: Session, deleted: boolean): void {
  const message = deleted ? 'An admin deleted the session before it was finished.' : 'An admin aborted the session.';
  const reason = { code: 'aborted', message };
  if (session.state === 'MAINTENANCE_FAILED') {
    unit.patchSession({ reason: { ...reason, at: unit.now } });
    unit.tell('aborted', {});
    return;
  }
  transition(unit, session, { to: 'MAINTENANCE_FAILED', why: message, reason }, context.adminProjectId);
}

/**
 * MAINTENANCE_COMPLETE is the one word that all managers know for "scale back": it goes to those who scaled in for this
 * session, and only to them (v1 §1.5). After a DELETE nobody waits for their answers.
 */
async function tellScaledIn(context: SessionContext, deleted: boolean): Promise<ClosingStep> {
  const { repositories, sessionId, settings } = context;
  const scaledIn = (await repositories.projects.list(sessionId)).filter((project) => project.scaledIn);
  const notices = await repositories.notices.list(sessionId);
  const told = notices.filter((notice) => notice.state === 'MAINTENANCE_COMPLETE');
  const untold = scaledIn.filter(({ projectId }) => !told.some((notice) => notice.projectId === projectId));
  if (untold.length > 0) {
    const instances = await repositories.instances.list(sessionId);
    await context.writer.commit(async (unit) => {
      for (const { projectId } of untold) {
        const own = instances.filter((instance) => instance.projectId === projectId && instance.state !== 'GONE');
        await openNotice(context, unit, {
          kind: 'open-notice',
          state: 'MAINTENANCE_COMPLETE',
          projectId,
          instanceId: null,
          instanceIds: own.map(({ instanceId }) => instanceId),
          host: null,
          allowedActions: [],
          ...plainWindow(unit.now, settings.projectScaleInReplyS),
        });
      }
    });
    return deleted ? 'again' : WAIT_FOR_SCALED_IN;
  }
  const now = context.clock.now();
  const awaited = told.some(({ closedAt, replyAt }) => closedAt === null && replyAt !== null && replyAt > now);
  return awaited && !deleted ? WAIT_FOR_SCALED_IN : 'again';
}

function enablingsOf(journal: readonly JournalEntry[], host: SessionHost): JournalEntry[] {
  return changesOf(journal, host).filter(({ action }) => action === 'enable');
}

/** Whether the last request to disable its compute service, whatever came of it, was made with that reason. */
function saysWhy(journal: readonly JournalEntry[], host: SessionHost, reason: string): boolean {
  const last = changesOf(journal, host).findLast(({ action }) => action === 'disable');
  return (last?.intent as Partial<ServiceIntent> | undefined)?.disable?.reason === reason;
}

function changesOf(journal: readonly JournalEntry[], { hostname }: SessionHost): JournalEntry[] {
  return journal.filter(({ kind, subject }) => kind === 'service' && subject === hostname);
}

async function cancelOpenNotices({ repositories, sessionId }: SessionContext, { tx, now }: Unit): Promise<void> {
  for (const notice of await repositories.notices.list(sessionId, tx)) {
    if (notice.closedAt !== null) continue;
    await repositories.notices.update(sessionId, notice.noticeId, { closedAt: now, outcome: 'cancelled' }, tx);
  }
}
