import type { Repositories } from '../../src/db/repositories.js';
import type { Installation } from './installation.js';

/** An engine that has not been seen for so many seconds has no lease any more. */
const ALIVE_S = 8;

/** Who still holds what when nothing is left to be done, one sentence each: sessions, or the name of a living engine. */
export async function heldStill({ engines }: Installation, repositories: Repositories): Promise<string[]> {
  const alive = (await repositories.engines.list(ALIVE_S)).filter((engine) => engine.alive);
  const owners = new Set(alive.map(({ engineId }) => engineId));
  const owned = (await repositories.sessions.list()).filter(({ owner }) => owner !== null && owners.has(owner));
  const dead = alive.length - engines.length;
  return [
    ...owned.map(({ owner, sessionId }) => `${owner} still owns session ${sessionId}.`),
    ...(dead > 0 ? [`${dead} dead engine(s) count as alive.`] : []),
  ];
}
