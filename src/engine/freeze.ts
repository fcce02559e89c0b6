import type { Tx } from '../db/database.js';
import type { Repositories } from '../db/repositories.js';
import type { Command, Freeze } from '../model/index.js';

/**
 * From its commit on nothing begins in any session: the journal takes no new effect, no notice that asks for an answer
 * goes out. The sessions' owners are woken to say so.
 * @returns the freeze that holds: another one if everything was frozen already
 */
export function freezeAll(repositories: Repositories, freeze: Freeze): Promise<Freeze> {
  const { database, settings } = repositories;
  return database.transaction(async (tx) => {
    if (!(await settings.freeze(freeze, tx))) return (await settings.frozen(tx)) ?? freeze;
    const { who: userId, since: receivedAt, why } = freeze;
    await tellSessions(repositories, tx, { kind: 'freeze', args: { why }, userId, receivedAt });
    return freeze;
  });
}

/**
 * Lets everything go on. Each session's owner makes good for the time (commands/freeze.ts), also one that was away.
 * @returns the freeze that ended; undefined if nothing was frozen
 */
export function thawAll(repositories: Repositories, userId: string, now: Date): Promise<Freeze | undefined> {
  const { database, settings } = repositories;
  return database.transaction(async (tx) => {
    const freeze = await settings.frozen(tx);
    if (freeze === undefined || !(await settings.thaw(tx))) return undefined;
    const args = { since: freeze.since.toISOString(), until: now.toISOString() };
    await tellSessions(repositories, tx, { kind: 'thaw', args, userId, receivedAt: now });
    return freeze;
  });
}

async function tellSessions(
  { sessions, commands }: Repositories,
  tx: Tx,
  command: Pick<Command, 'kind' | 'args' | 'userId' | 'receivedAt'>,
): Promise<void> {
  for (const sessionId of await sessions.openIds(tx)) {
    await commands.insert({ ...command, sessionId, requestId: '' }, tx);
  }
}
