import type { Scenario } from './scenario.js';

/** Lives after which a session that is not at its end never gets there. */
const MOST_RESTARTS = 2000;

/**
 * Runs a session to its end with an engine that is stopped, and another one started, after every `every` queries,
 * wherever it is. An engine that lets go drops what it was reading, so fewer than it takes to look once and to write one
 * decision get nowhere. @returns how often
 */
export async function finishWithRestarts(scenario: Scenario, sessionId: string, every: number): Promise<number> {
  const { system } = scenario;
  let queries = 0;
  let restarts = 0;
  let restarting: Promise<void> | undefined;
  const restart = async (): Promise<void> => {
    await system.stopEngine();
    await system.startEngine();
    restarts += 1;
    restarting = undefined;
  };
  const onQuery = (): void => {
    if (restarting !== undefined) return;
    queries += 1;
    if (queries % every === 0) restarting = restart();
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
