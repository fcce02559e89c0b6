import { Quiet } from '../common/quiet.js';
import type { Database } from '../db/database.js';

/** Knows when a process that holds all of Fenix waits for the clock: no request, no query, no file, no plug-in is at work. */
export function quietOf(database: Database): Quiet {
  const quiet = new Quiet();
  database.knex.on('query', () => quiet.touch());
  return quiet;
}
