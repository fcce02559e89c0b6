import { Quiet } from '../common/quiet.js';
import type { Database } from '../db/database.js';
import { RESTING, WORKING } from '../workflow/isolation/isolated-call.js';

/** Knows when a process that holds all of Fenix waits for the clock: no request, no query, no plug-in's process at work. */
export function quietOf(database: Database): Quiet {
  const quiet = new Quiet([{ started: String(WORKING.name), ended: String(RESTING.name) }]);
  database.knex.on('query', () => quiet.touch());
  return quiet;
}
