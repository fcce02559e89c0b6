import { plusSeconds } from '../../common/clock.js';
import { FenixError } from '../../common/errors.js';
import type { JournalEntry, MoveAction } from '../../model/index.js';
import type { MoveOutcome } from '../../workflow/contract.js';
import { inform } from '../../workflow/notices.js';
import type { SessionContext } from '../context.js';
import { openNotice } from '../decisions/notices.js';
import type { Unit } from '../session-writer.js';
import { instanceContext } from './instance-context.js';

/** What a move's journal entry keeps. */
export interface MoveIntent {
  readonly action: MoveAction;
  readonly from: string;
  readonly target: string | null;
  /** Nova's status of the instance when that was decided. */
  readonly statusBefore: string;
  readonly projectId: string;
  readonly recoveryTimeS: number;
  /** Domain time, ISO 8601. */
  readonly begunAt: string;
}

/** Moves one instance by its instance-action plug-in and records how it ended. */
export async function runMove(session: SessionContext, entry: JournalEntry): Promise<void> {
  const intent = entry.intent as unknown as MoveIntent;
  const outcome = await outcomeOf(session, entry, intent);
  session.watch.changed();
  await session.writer.commit((unit) => recordOutcome(session, unit, entry, intent, outcome));
  session.log.info({ instance: entry.subject, from: intent.from, target: intent.target, ...outcome }, 'move ended');
}

async function outcomeOf(session: SessionContext, entry: JournalEntry, intent: MoveIntent): Promise<MoveOutcome> {
  try {
    return await session.plugins.instanceAction(intent.action).run(instanceContext(session, entry, intent));
  } catch (error) {
    // What the cloud refused for good is an outcome; everything else breaks off and is gone on with.
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
  intent: MoveIntent,
  outcome: MoveOutcome,
): Promise<void> {
  const { repositories, sessionId } = session;
  const { subject: instanceId, attempt } = entry;
  const { tx, now } = unit;
  const state = outcome.result === 'refused' ? 'refused' : outcome.result === 'failed' ? 'failed' : 'done';
  await repositories.journal.end(entry, state, { ...outcome }, tx);
  if (!staysImpacted(intent, outcome)) {
    // An instance that was never touched needs no rest.
    const rest = state === 'refused' || outcome.result === 'stopped' ? 0 : intent.recoveryTimeS;
    await repositories.impacts.end({ sessionId, instanceId, attempt }, now, plusSeconds(now, rest), tx);
  }
  unit.tell('move-ended', { instance: instanceId, action: intent.action, from: intent.from, ...outcome });
  if (outcome.result === 'refused' && intent.target !== null && outcome.otherWay !== true) {
    const { code, message } = outcome;
    await repositories.facts.record({ sessionId, instanceId, host: intent.target, code, message, at: now }, tx);
  }
  if (state === 'done') {
    const where =
      outcome.result === 'moved' ? { host: outcome.host } : outcome.result === 'gone' ? { state: 'GONE' } : {};
    const actionDone = !staysImpacted(intent, outcome);
    await repositories.instances.update(sessionId, instanceId, { ...where, actionDone }, tx);
    if (!actionDone) return;
    const notice = inform('INSTANCE_ACTION_DONE', intent.projectId, instanceId, intent.from);
    await openNotice(session, unit, notice);
  }
}

/** What was stopped, or may yet be by a request that Nova took, is out of service until it is started again (L6). */
function staysImpacted({ action }: MoveIntent, outcome: MoveOutcome): boolean {
  if (action !== 'STOP_START') return false;
  return outcome.result === 'failed' || (outcome.result === 'stopped' && outcome.wasRunning);
}
