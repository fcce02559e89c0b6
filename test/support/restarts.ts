import type { Scenario } from './scenario.js';

/**
 * Runs a session to its end with an engine that is stopped, and another one started, after every `every` queries,
 * wherever it is. @returns how often
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
  await scenario.until(async () => (await scenario.history(sessionId)).some(({ what }) => what === 'closed'));
  system.database.knex.removeListener('query', onQuery);
  await restarting;
  return restarts;
}
