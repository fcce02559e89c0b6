import { plusSeconds } from '../../common/clock.js';
import type { JournalEntry, Question } from '../../model/index.js';
import type { AskAdmin, FailMove, LoseHost, MoveOtherwise, OverrulePlugin } from '../../workflow/decisions.js';
import { disabledReason } from '../../workflow/hosts.js';
import type { SessionView } from '../../workflow/view.js';
import type { SessionContext } from '../context.js';
import { beginEffect } from '../effects/begin.js';
import { setState } from './host-state.js';
import { hostOf } from './hosts.js';
import { tellOptedIn } from './opted-in.js';

/** The host ends unmaintained: a skipped one is given back, a failed one stays disabled and says why (L6, v1 §5.4). */
export async function loseHost(session: SessionContext, view: SessionView, decision: LoseHost): Promise<void> {
  const { host: hostname, state, code, message, counts } = decision;
  const host = hostOf(view, hostname);
  const started = await session.writer.commit(async (unit) => {
    await setState(session, unit, host, state, message);
    const lost = { code, message, counts };
    await session.repositories.hosts.update(session.sessionId, hostname, { lost, question: null }, unit.tx);
    if (!host.disabled) return undefined;
    const about = { kind: 'service', subject: hostname, host: hostname } as const;
    if (state === 'skipped')
      return beginEffect(session, unit, { ...about, action: 'enable', intent: { disable: null } });
    const reason = disabledReason(session.sessionId, message);
    return beginEffect(session, unit, { ...about, action: 'disable', intent: { disable: { reason } } });
  });
  if (started !== undefined) session.effects.start(started);
}

/** Puts a question to the admin, with the time until which it stands. */
export async function askAdmin(session: SessionContext, decision: AskAdmin): Promise<void> {
  const { repositories, sessionId, settings } = session;
  const { event, message, noticeId, host } = decision;
  await session.writer.commit(async (unit) => {
    const until = plusSeconds(unit.now, settings.askTimeoutS);
    const question: Question = { event, message, since: unit.now, until, answered: false };
    if (noticeId !== undefined) await repositories.notices.update(sessionId, noticeId, { question }, unit.tx);
    if (host !== undefined) await repositories.hosts.update(sessionId, host, { question }, unit.tx);
    unit.tell('question', { event, message, until, ...(host !== undefined && { host }) });
  });
}

/** The failed run is let pass; the row of the run keeps what it said. */
export async function overrulePlugin(session: SessionContext, { entry }: OverrulePlugin): Promise<void> {
  const { repositories, sessionId } = session;
  await session.writer.commit(async (unit) => {
    await repositories.journal.end(entry, 'done', { ...entry.outcome, forced: true }, unit.tx);
    await repositories.hosts.update(sessionId, entry.subject, { question: null }, unit.tx);
    unit.tell('plug-in-overruled', { host: entry.subject, action: entry.action });
  });
}

/** Every target that was to be had took the instance and gave it back: that is a failure, not want of room. */
export async function failMove(session: SessionContext, { entry }: FailMove): Promise<void> {
  await session.writer.commit(async (unit) => {
    const message = `Instance ${entry.subject} came back from every host that it was moved to. ${entry.outcome?.message ?? ''}`;
    await session.repositories.journal.end(entry, 'failed', { ...entry.outcome, message: message.trim() }, unit.tx);
    await tellOptedIn(session, unit, 'INSTANCE_ACTION_FAILED', aboutMove(entry));
    unit.tell('move-failed', { instance: entry.subject, from: entry.intent.from, message });
  });
}

function aboutMove({ subject, intent }: JournalEntry) {
  return { instanceId: subject, projectId: String(intent.projectId), host: String(intent.from) };
}

/** The failed move is forgotten, and its notice says another way. */
export async function moveOtherwise(
  session: SessionContext,
  view: SessionView,
  decision: MoveOtherwise,
): Promise<void> {
  const { repositories, sessionId } = session;
  const { entry, action } = decision;
  const notice = view.notices.findLast(
    (candidate) => candidate.host === entry.host && candidate.instanceIds.includes(entry.subject),
  );
  await session.writer.commit(async (unit) => {
    await repositories.journal.end(entry, 'superseded', entry.outcome ?? {}, unit.tx);
    if (notice !== undefined) {
      const actions = { ...notice.actions, [entry.subject]: action };
      await repositories.notices.update(sessionId, notice.noticeId, { actions }, unit.tx);
    }
    if (entry.host !== null) await repositories.hosts.update(sessionId, entry.host, { question: null }, unit.tx);
    // A host that did not take it in one way may in another.
    await repositories.facts.forget(sessionId, unit.tx, entry.subject);
    await tellOptedIn(session, unit, 'INSTANCE_ACTION_FALLBACK', aboutMove(entry));
    unit.tell('move-otherwise', { instance: entry.subject, from: entry.intent.action, to: action });
  });
}
