import { plusSeconds } from '../../common/clock.js';
import type { Impact, JournalEntry } from '../../model/index.js';
import type { RestoreOutcome } from '../../workflow/contract.js';
import { inform } from '../../workflow/notices.js';
import type { SessionContext } from '../context.js';
import { openNotice } from '../decisions/notices.js';
import { tellOptedIn } from '../decisions/opted-in.js';
import type { Unit } from '../session-writer.js';
import { beginEffect } from './begin.js';
import { type MoveIntent, moveContext, outcomeOf } from './move.js';

/** What the journal entry of a start keeps: beside the way, session and attempt of the stop that it makes good for. */
export interface StartIntent extends MoveIntent {
  readonly stoppedBy: string;
  readonly stopAttempt: number;
}

/** Writes the intent to start what was stopped, by this session or by an earlier one whose host it has now. */
export async function beginStart(session: SessionContext, unit: Unit, impact: Impact): Promise<JournalEntry> {
  const { instanceId, projectId, sessionId: stoppedBy, attempt: stopAttempt, sourceHost: from } = impact;
  const key = { sessionId: stoppedBy, subject: instanceId, action: 'move', attempt: stopAttempt };
  const stop = await session.repositories.journal.find(key, unit.tx);
  const recoveryTimeS = Number((stop?.intent as Partial<MoveIntent> | undefined)?.recoveryTimeS ?? 0);
  const intent: StartIntent = {
    stoppedBy,
    stopAttempt,
    action: 'STOP_START',
    from,
    target: null,
    statusBefore: 'SHUTOFF',
    projectId,
    recoveryTimeS,
    begunAt: unit.now.toISOString(),
  };
  return beginEffect(session, unit, {
    kind: 'start',
    subject: instanceId,
    host: from,
    action: 'start',
    intent: { ...intent },
  });
}

/** Starts one instance by the plug-in that stopped it, and records how that ended. */
export async function runStart(session: SessionContext, entry: JournalEntry): Promise<void> {
  const intent = entry.intent as unknown as StartIntent;
  const { restore } = session.plugins.instanceAction(intent.action);
  const outcome = await outcomeOf<RestoreOutcome>(
    async () => (await restore?.(moveContext(session, entry, intent))) ?? NO_WAY_BACK,
  );
  session.watch.changed();
  await session.writer.commit((unit) => recordOutcome(session, unit, entry, intent, outcome));
  session.log.info({ instance: entry.subject, host: intent.from, ...outcome }, 'start ended');
}

const NO_WAY_BACK: RestoreOutcome = {
  result: 'failed',
  code: 'no-restore',
  message: 'Its plug-in does not start what it stopped.',
};

async function recordOutcome(
  session: SessionContext,
  unit: Unit,
  entry: JournalEntry,
  intent: StartIntent,
  outcome: RestoreOutcome,
): Promise<void> {
  const { repositories, sessionId } = session;
  const { subject: instanceId } = entry;
  const { tx, now } = unit;
  const { stoppedBy, stopAttempt: attempt, projectId, recoveryTimeS, from } = intent;
  const failed = outcome.result === 'failed';
  await repositories.journal.end(entry, failed ? 'failed' : 'done', { ...outcome }, tx);
  unit.tell(failed ? 'instance-not-started' : 'instance-started', { instance: instanceId, host: from, ...outcome });
  if (failed) {
    const about = { instanceId, projectId, host: from };
    return tellOptedIn(session, unit, 'INSTANCE_ACTION_FAILED', about);
  }
  const stop = { sessionId: stoppedBy, instanceId, attempt };
  await repositories.impacts.end(stop, now, plusSeconds(now, recoveryTimeS), tx);
  const gone = outcome.result === 'gone' ? { state: 'GONE' } : {};
  await repositories.instances.update(sessionId, instanceId, { ...gone, actionDone: true }, tx);
  await openNotice(session, unit, inform('INSTANCE_ACTION_DONE', projectId, instanceId, from));
}
