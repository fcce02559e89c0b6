import { plusSeconds } from '../../common/clock.js';
import { FenixError } from '../../common/errors.js';
import { orStopped } from '../../common/unless-aborted.js';
import type { JournalKey } from '../../db/journal-repository.js';
import type { Impact, JournalEntry, MoveAction } from '../../model/index.js';
import type {
  InstanceActionContext,
  InstanceActionPlugin,
  JournaledWrite,
  MoveOutcome,
} from '../../workflow/contract.js';
import { inform } from '../../workflow/notices.js';
import { serverOf } from '../../workflow/server-index.js';
import type { SessionContext } from '../context.js';
import { openNotice } from '../decisions/notices.js';
import { tellOptedIn } from '../decisions/opted-in.js';
import type { Unit } from '../session-writer.js';
import { followUp } from './begin.js';
import { letRoomGoFor } from './room.js';

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
  /** How long a live migration may take, seconds; absent = `live_migration_wait_time`. */
  readonly interruptionS?: number;
  /** Why it goes to a host from which it will have to move once more (L12). */
  readonly again?: string;
  /** Placement's consumer that holds the instance's room until it is asked for. */
  readonly heldBy?: string;
}

/**
 * Moves one instance by its instance-action plug-in and records how it ended.
 * @param resumed an earlier life had begun it: what it waited for may long have come
 */
export async function runMove(session: SessionContext, entry: JournalEntry, resumed: boolean): Promise<void> {
  const intent = entry.intent as unknown as MoveIntent;
  const plugin = session.plugins.instanceAction(intent.action);
  if (intent.heldBy !== undefined) await letRoomGoFor(session, entry, intent.heldBy);
  const outcome = await outcomeOf(() =>
    plugin.run(moveContext(session, entry, intent, { isNew: !resumed, looksAtOnce: resumed })),
  );
  session.watch.changed();
  const late = await session.writer.commit((unit) => recordOutcome(session, unit, entry, intent, outcome, plugin));
  session.log.info({ instance: entry.subject, from: intent.from, target: intent.target, ...outcome }, 'move ended');
  if (late !== undefined) session.effects.start(late);
}

type Failed = { readonly result: 'failed'; readonly code: string; readonly message: string };

/** What came of a plug-in's work on an instance. */
export async function outcomeOf<O>(work: () => Promise<O>): Promise<O | Failed> {
  try {
    return await work();
  } catch (error) {
    // What the cloud refused for good is an outcome; everything else breaks off and is gone on with.
    if (error instanceof FenixError && !error.retryable && error.code !== 'lease-lost') {
      return { result: 'failed', code: error.code, message: error.message };
    }
    throw error;
  }
}

/**
 * @param entry its subject and attempt say which move it is
 * @param life `isNew`: no step of it was ever begun before; `looksAtOnce`: what it waits for may long have come
 */
export function moveContext(
  session: SessionContext,
  entry: Pick<JournalEntry, 'sessionId' | 'subject' | 'attempt'>,
  intent: MoveIntent,
  { isNew = false, looksAtOnce = false }: { readonly isNew?: boolean; readonly looksAtOnce?: boolean } = {},
): InstanceActionContext {
  /** Steps begun here: a new move has no others. */
  const here = new Set<string>();
  const { cloud, clock, journal, watch, stopping } = session;
  const { interruptionS } = intent;
  const settings =
    interruptionS === undefined ? session.settings : { ...session.settings, liveMigrationWaitS: interruptionS };
  const keyOf = (step: string): JournalKey => {
    const { sessionId, subject, attempt } = entry;
    return { sessionId, subject, action: `${intent.action}/${step}`, attempt };
  };
  const log = session.log.child({ instance: entry.subject, action: intent.action });
  return {
    instanceId: entry.subject,
    from: intent.from,
    target: intent.target,
    statusBefore: intent.statusBefore,
    cloud,
    settings,
    clock,
    begunAt: new Date(intent.begunAt),
    log,
    signal: stopping,
    takeBack: session.takeBack.signal,
    begun: async (step) =>
      here.has(step) || (!isNew && (await session.repositories.journal.find(keyOf(step))) !== undefined),
    once: async (step: string, write: JournaledWrite) => {
      const isFirst = isNew && !here.has(step);
      here.add(step);
      await journal.once(keyOf(step), write, { isFirst });
      watch.changed();
    },
    watch: async (judge, until) => {
      for (;;) {
        const view = await (looksAtOnce ? orStopped(watch.view(), stopping) : watch.next(stopping));
        looksAtOnce = false;
        const verdict = await judge(serverOf(view, entry.subject));
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
  plugin: InstanceActionPlugin,
): Promise<JournalEntry | undefined> {
  const { repositories, sessionId } = session;
  const { subject, attempt } = entry;
  const { tx, now } = unit;
  const state = stateOf(outcome);
  await repositories.journal.end(entry, state, { ...outcome }, tx);
  if (outcome.result === 'failed') {
    const about = { instanceId: subject, projectId: intent.projectId, host: intent.from };
    await tellOptedIn(session, unit, 'INSTANCE_ACTION_FAILED', about);
  }
  unit.tell('move-ended', { instance: subject, action: intent.action, from: intent.from, ...outcome });
  if (outcome.result === 'failed' && outcome.underWay && plugin.settle !== undefined) {
    const late = { ...intent, attempt, begunAt: now.toISOString() };
    return followUp(session, unit, { kind: 'settle', subject, host: entry.host, action: 'settle', intent: late });
  }
  if (!staysImpacted(intent, outcome)) {
    await endMove(session, unit, { instanceId: subject, attempt }, intent, outcome);
  }
  if (outcome.result === 'refused' && intent.target !== null && outcome.otherWay !== true) {
    const { code, message } = outcome;
    const fact = { sessionId, instanceId: subject, host: intent.target, code, message, at: now };
    await repositories.facts.record(fact, tx);
  }
  return undefined;
}

export function stateOf({ result }: MoveOutcome): 'refused' | 'failed' | 'done' {
  if (result === 'refused') return 'refused';
  return result === 'moved' || result === 'gone' || result === 'stopped' ? 'done' : 'failed';
}

/** What was stopped, or may yet be by a request that Nova took, is out of service until it is started again (L6). */
function staysImpacted({ action }: MoveIntent, outcome: MoveOutcome): boolean {
  if (action !== 'STOP_START') return false;
  return outcome.result === 'failed' || (outcome.result === 'stopped' && outcome.wasRunning);
}

/** Nothing is done to the instance any more: its rest begins, and of what was done its project is told. */
export async function endMove(
  session: SessionContext,
  unit: Unit,
  { instanceId, attempt }: Pick<Impact, 'instanceId' | 'attempt'>,
  intent: MoveIntent,
  outcome: MoveOutcome,
): Promise<void> {
  const { repositories, sessionId } = session;
  const { tx, now } = unit;
  // An instance that was never touched needs none.
  const untouched = outcome.result === 'refused' && outcome.touched !== true;
  const rest = untouched || outcome.result === 'stopped' ? 0 : intent.recoveryTimeS;
  await repositories.impacts.end({ sessionId, instanceId, attempt }, now, plusSeconds(now, rest), tx);
  if (stateOf(outcome) !== 'done') return;
  const where =
    outcome.result === 'moved' ? { host: outcome.host } : outcome.result === 'gone' ? { state: 'GONE' } : {};
  await repositories.instances.update(sessionId, instanceId, { ...where, actionDone: true }, tx);
  await openNotice(session, unit, inform('INSTANCE_ACTION_DONE', intent.projectId, instanceId, intent.from));
}
