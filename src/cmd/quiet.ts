import { Quiet } from '../common/quiet.js';
import { WORK_BEGAN, WORK_ENDED } from '../common/under-way.js';
import type { Database } from '../db/database.js';
import { RESTING, WORKING } from '../workflow/isolation/isolated-call.js';

/** Knows when a process that holds all of Fenix waits for the clock: no request, no query, no file, no plug-in is at work. */
export function quietOf(database: Database): Quiet {
  const quiet = new Quiet([
    { started: String(WORKING.name), ended: String(RESTING.name) },
    { started: WORK_BEGAN, ended: WORK_ENDED },
  ]);
  database.knex.on('query', () => quiet.touch());
  return quiet;
}
