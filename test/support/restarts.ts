import { createRandom } from '../../src/common/random.js';
import type { Scenario } from './scenario.js';

/** Lives after which a session that is not at its end never gets there. */
const MOST_RESTARTS = 2000;

/**
 * Runs a session to its end with an engine that is stopped, and another one started, again and again wherever it is: each
 * life has 1 to `most` queries, by `seed`. Lives of one length would always end at the same few places, and those too
 * short to look once and to write one decision get nowhere. @returns how often
 */
export async function finishWithRestarts(
  scenario: Scenario,
  sessionId: string,
  { most, seed }: { readonly most: number; readonly seed: number },
): Promise<number> {
  const { system } = scenario;
  const random = createRandom(seed);
  const life = () => 1 + random.int(most);
  let left = life();
  let restarts = 0;
  let restarting: Promise<void> | undefined;
  const restart = async (): Promise<void> => {
    await system.stopEngine();
    await system.startEngine();
    restarts += 1;
    left = life();
    restarting = undefined;
  };
  const onQuery = (): void => {
    if (restarting !== undefined) return;
    left -= 1;
    if (left <= 0) restarting = restart();
  };
  system.database.knex.on('query', onQuery);
  await scenario.until(async () => {
    if (restarts > MOST_RESTARTS) throw new Error(`after ${restarts} lives of engines the session is not at its end`);
    return (await scenario.history(sessionId)).some(({ what }) => what === 'closed');
  });
  system.database.knex.removeListener('query', onQuery);
  await restarting;
  return restarts;
}
