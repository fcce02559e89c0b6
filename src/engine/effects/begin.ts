import type { JournalEntry } from '../../model/index.js';
import type { SessionContext } from '../context.js';
import type { Unit } from '../session-writer.js';

export type NewEffect = Pick<JournalEntry, 'kind' | 'subject' | 'host' | 'action' | 'intent'>;

/**
 * Writes the intent of an effect as the next attempt on its subject (L3). Start the effect with the returned entry
 * after the transaction was committed.
 * @throws FenixError `frozen`
 */
export async function beginEffect(session: SessionContext, unit: Unit, effect: NewEffect): Promise<JournalEntry> {
  await session.repositories.settings.requireThawed(unit.tx);
  return followUp(session, unit, effect);
}

/** As {@link beginEffect}, for what belongs to the end of another effect: that is not held up by a freeze. */
export async function followUp(session: SessionContext, unit: Unit, effect: NewEffect): Promise<JournalEntry> {
  const { repositories, sessionId, settings } = session;
  const attempt = (await repositories.journal.lastAttempt(sessionId, effect.subject, effect.action, unit.tx)) + 1;
  const key = { sessionId, subject: effect.subject, action: effect.action, attempt };
  await repositories.journal.begin({ ...key, ...effect, timeoutS: settings.requestTimeoutS }, unit.tx);
  unit.tell('effect-begun', { ...key, ...effect.intent });
  return (await repositories.journal.find(key, unit.tx)) as JournalEntry;
}
