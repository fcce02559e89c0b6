import { plusSeconds } from '../../common/clock.js';
import { FenixError } from '../../common/errors.js';
import type { Impact, JournalEntry } from '../../model/index.js';
import type { RestoreOutcome } from '../../workflow/contract.js';
import { inform } from '../../workflow/notices.js';
import type { SessionContext } from '../context.js';
import { openNotice } from '../decisions/notices.js';
import type { Unit } from '../session-writer.js';
import { beginEffect } from './begin.js';
import { instanceContext } from './instance-context.js';
import type { MoveIntent } from './move.js';

/** What the journal entry of a start keeps. */
export interface StartIntent {
  /** Session and attempt of the stop that it makes good for. */
  readonly stoppedBy: string;
  readonly stopAttempt: number;
  readonly from: string;
  readonly projectId: string;
  readonly recoveryTimeS: number;
  /** Domain time, ISO 8601. */
  readonly begunAt: string;
}

/** Writes the intent to start what was stopped, by this session or by an earlier one whose host it has now. */
export async function beginStart(session: SessionContext, unit: Unit, impact: Impact): Promise<JournalEntry> {
  const { instanceId, projectId, sessionId: stoppedBy, attempt: stopAttempt, sourceHost: from } = impact;
  const key = { sessionId: stoppedBy, subject: instanceId, action: 'move', attempt: stopAttempt };
  const stop = await session.repositories.journal.find(key, unit.tx);
  const recoveryTimeS = Number((stop?.intent as Partial<MoveIntent> | undefined)?.recoveryTimeS ?? 0);
  const begunAt = unit.now.toISOString();
  const intent: StartIntent = { stoppedBy, stopAttempt, from, projectId, recoveryTimeS, begunAt };
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
  const outcome = await outcomeOf(session, entry, intent);
  session.watch.changed();
  await session.writer.commit((unit) => recordOutcome(session, unit, entry, intent, outcome));
  session.log.info({ instance: entry.subject, host: intent.from, ...outcome }, 'start ended');
}

async function outcomeOf(session: SessionContext, entry: JournalEntry, intent: StartIntent): Promise<RestoreOutcome> {
  const { restore } = session.plugins.instanceAction('STOP_START');
  if (restore === undefined) {
    return { result: 'failed', code: 'plug-in-invalid', message: 'The plug-in STOP_START has no restore.' };
  }
  const { from, begunAt } = intent;
  const about = { action: 'STOP_START', from, target: null, statusBefore: 'SHUTOFF', begunAt } as const;
  try {
    return await restore(instanceContext(session, entry, about));
  } catch (error) {
    if (error instanceof FenixError && !error.retryable && error.code !== 'lease-lost') {
      return { result: 'failed', code: error.code, message: error.message };
    }
    throw error;
  }
}

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
  if (failed) return;
  const stop = { sessionId: stoppedBy, instanceId, attempt };
  await repositories.impacts.end(stop, now, plusSeconds(now, recoveryTimeS), tx);
  const gone = outcome.result === 'gone' ? { state: 'GONE' } : {};
  await repositories.instances.update(sessionId, instanceId, { ...gone, actionDone: true }, tx);
  await openNotice(session, unit, inform('INSTANCE_ACTION_DONE', projectId, instanceId, from));
}
