import type { JournalEntry } from '../model/index.js';

/** Between two tries, machine seconds. */
const LONGEST_PAUSE_S = 300;

/**
 * Whether what was refused last is to be left alone for now: what is owed is tried again less and less often, for as long
 * as it takes. @param tries the oldest first
 */
export function isTooSoon(tries: readonly JournalEntry[]): boolean {
  const last = tries.at(-1);
  return last?.state === 'failed' && last.ageS < Math.min(LONGEST_PAUSE_S, 2 ** tries.length);
}
