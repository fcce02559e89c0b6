import type { JournalEntry } from '../../model/index.js';
import type { MoveOutcome } from '../../workflow/contract.js';
import type { SessionContext } from '../context.js';
import { endMove, type MoveIntent, moveContext, outcomeOf, stateOf } from './move.js';

/** What the entry keeps of the move that was given up: its attempt, whose steps are gone on with. */
interface SettleIntent extends MoveIntent {
  readonly attempt: number;
}

/** Sees a move to its end that took longer than it may; until then the instance counts as impacted (V2). */
export async function runSettle(session: SessionContext, entry: JournalEntry): Promise<void> {
  const { attempt, ...intent } = entry.intent as unknown as SettleIntent;
  const { sessionId, subject } = entry;
  const plugin = session.plugins.instanceAction(intent.action);
  const context = moveContext(session, { sessionId, subject, attempt }, intent);
  const outcome = await outcomeOf(async () => (await plugin.settle?.(context)) ?? NOTHING_TO_DO);
  session.watch.changed();
  await session.writer.commit(async (unit) => {
    await session.repositories.journal.end(entry, stateOf(outcome), { ...outcome }, unit.tx);
    unit.tell('move-settled', { instance: subject, action: intent.action, from: intent.from, ...outcome });
    await endMove(session, unit, { instanceId: subject, attempt }, intent, outcome);
  });
  session.log.info({ instance: subject, from: intent.from, ...outcome }, 'late move ended');
}

const NOTHING_TO_DO: MoveOutcome = {
  result: 'failed',
  code: 'no-settle',
  message: 'Its plug-in does not look after it.',
};
