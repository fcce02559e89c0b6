import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { patiently } from './patiently.js';
import type { Wave } from './wave.js';

/** What tells how it came about. */
const TABLES = [
  'sessions',
  'session_hosts',
  'history',
  'journal',
  'impacts',
  'notices',
  'replies',
  'commands',
  'outbox',
  'plans',
];

/** Writes down beside the processes' logs all that is known about a wave that failed. */
export async function keepEvidence(
  { plan, installation }: Wave,
  faults: readonly string[],
  folder: string,
): Promise<void> {
  const { database, simulator } = installation;
  const lines = (entries: readonly object[]): string => entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
  const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  put('faults', `${faults.join('\n')}\n`);
  put('plan.json', JSON.stringify(plan, undefined, 2));
  put('cloud.jsonl', lines(simulator.log.entries()));
  for (const table of TABLES) put(`${table}.jsonl`, lines(await patiently(() => database.knex(table).select('*'))));
}
