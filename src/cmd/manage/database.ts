import type { Command } from 'commander';
import { wholeNumber } from '../../cli/parse.js';
import { Clock, plusSeconds } from '../../common/clock.js';
import { SchemaMigrator } from '../../db/migrator.js';
import { Purge, type PurgeOptions } from '../../db/purge.js';
import { Repositories } from '../../db/repositories.js';
import { say, withDatabase, withInstallation } from './installation.js';

const DAY_S = 86_400;
/** An engine that nobody has seen for so long does not come back under its id. */
const ENGINES_KEPT_DAYS = 30;

export function addDatabase(program: Command): void {
  const db = program.command('db').description('the database');
  db.command('upgrade')
    .description("bring the schema up to this code's version")
    .action(() =>
      withDatabase(program, async (database) => {
        const names = await new SchemaMigrator(database).upgrade();
        for (const name of names) say(name);
        say(names.length === 0 ? 'The schema is up to date.' : `${names.length} schema migration(s) run.`);
      }),
    );
  db.command('version')
    .description('say which version the schema has, and which this code needs')
    .action(() =>
      withDatabase(program, async (database) => {
        const { database: found, code, relation, served } = await new SchemaMigrator(database).version();
        say(`database: ${found ?? 'empty'}`);
        say(`code:     ${code}`);
        const still = served ? ', and serves it' : '';
        say(`The database is ${relation === 'equal' ? 'up to date' : `${relation} than the code${still}`}.`);
      }),
    );
  db.command('purge')
    .description('remove what is left of deleted sessions, with their history, and old lines on constraints')
    .option('--older-than <days>', 'only what nobody has changed for so long', wholeNumber(0, 36_500), 30)
    .option('--finished', 'sessions in DONE or FAILED too, although nobody deleted them')
    .option('--dry-run', 'only say what would be removed')
    .action((options: PurgeArguments) =>
      withInstallation(program, async (parts) => {
        const before = plusSeconds(parts.resolve<Clock>(Clock).now(), -options.olderThan * DAY_S);
        const { finished = false, dryRun = false } = options;
        await purge(parts.resolve(Repositories), { before, finished, dryRun });
      }),
    );
}

interface PurgeArguments {
  readonly olderThan: number;
  readonly finished?: boolean;
  readonly dryRun?: boolean;
}

async function purge({ database, engines }: Repositories, options: PurgeOptions): Promise<void> {
  const { sessions, rows, kept } = await new Purge(database).run(options);
  const gone = await engines.prune(ENGINES_KEPT_DAYS * DAY_S, options.dryRun);
  const all = [...rows, ['engines', gone] as const].filter(([, count]) => count > 0);
  const width = Math.max(0, ...all.map(([table]) => table.length));
  for (const [table, count] of all) say(`${table.padEnd(width)}  ${count}`);
  say(`${sessions} session(s) ${options.dryRun ? 'would be ' : ''}removed.`);
  if (kept > 0) say(`${kept} session(s) kept: hosts that they left disabled await "fenix-manage leftovers release".`);
}
