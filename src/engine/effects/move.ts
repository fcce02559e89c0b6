import { plusSeconds } from '../../common/clock.js';
import { FenixError } from '../../common/errors.js';
import type { JournalEntry, MoveAction } from '../../model/index.js';
import type { InstanceActionContext, JournaledWrite, MoveOutcome } from '../../workflow/contract.js';
import { inform } from '../../workflow/notices.js';
import type { SessionContext } from '../context.js';
import { openNotice } from '../decisions/notices.js';
import type { Unit } from '../session-writer.js';

/** What a move's journal entry keeps. */
export interface MoveIntent {
  readonly action: MoveAction;
  readonly from: string;
  readonly target: string | null;
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
    return await session.plugins.instanceAction(intent.action).run(contextOf(session, entry, intent));
  } catch (error) {
    // What the cloud refused for good is an outcome; everything else breaks off and is gone on with.
    if (error instanceof FenixError && !error.retryable && error.code !== 'lease-lost') {
      return { result: 'failed', code: error.code, message: error.message };
    }
    throw error;
  }
}

function contextOf(session: SessionContext, entry: JournalEntry, intent: MoveIntent): InstanceActionContext {
  const { cloud, settings, clock, journal, watch, stopping } = session;
  const log = session.log.child({ instance: entry.subject, action: intent.action });
  return {
    instanceId: entry.subject,
    from: intent.from,
    target: intent.target,
    cloud,
    settings,
    clock,
    begunAt: new Date(intent.begunAt),
    log,
    signal: stopping,
    once: async (step: string, write: JournaledWrite) => {
      const { sessionId, subject, action, attempt } = entry;
      await journal.once({ sessionId, subject, action: `${action}/${step}`, attempt }, write);
      watch.changed();
    },
    watch: async (judge, until) => {
      for (;;) {
        const view = await watch.next(stopping);
        const verdict = await judge(view.servers.find((server) => server.id === entry.subject));
        if (verdict !== undefined) return verdict;
        if (clock.now() >= until) return undefined;
      }
    },
  };
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
  // An instance that was never touched needs no rest.
  const rest = state === 'refused' ? 0 : intent.recoveryTimeS;
  await repositories.impacts.end({ sessionId, instanceId, attempt }, now, plusSeconds(now, rest), tx);
  unit.tell('move-ended', { instance: instanceId, action: intent.action, from: intent.from, ...outcome });
  if (outcome.result === 'refused' && intent.target !== null && outcome.otherWay !== true) {
    const { code, message } = outcome;
    await repositories.facts.record({ sessionId, instanceId, host: intent.target, code, message, at: now }, tx);
  }
  if (state === 'done') {
    const where = outcome.result === 'moved' ? { host: outcome.host } : { state: 'GONE' };
    await repositories.instances.update(sessionId, instanceId, { ...where, actionDone: true }, tx);
    const notice = inform('INSTANCE_ACTION_DONE', intent.projectId, instanceId, intent.from);
    await openNotice(session, unit, notice);
  }
}
