#!/usr/bin/env node
import { writeFileSync } from 'node:fs';
import { parseDatabaseUrl, sample } from '../config/index.js';
import { Database } from '../db/database.js';
import { SchemaMigrator } from '../db/migrator.js';
import { baseCommand, configure, refusing } from './command-line.js';

const program = baseCommand('fenix-manage', 'Looks after an installation: database, configuration.');

const db = program.command('db').description('the database');
db.command('upgrade')
  .description("bring the schema up to this code's version")
  .action(() =>
    withMigrator(async (migrator) => {
      const names = await migrator.upgrade();
      for (const name of names) say(name);
      say(names.length === 0 ? 'The schema is up to date.' : `${names.length} schema migration(s) run.`);
    }),
  );
db.command('version')
  .description('say which version the schema has, and which this code needs')
  .action(() =>
    withMigrator(async (migrator) => {
      const { database, code, relation } = await migrator.version();
      say(`database: ${database ?? 'empty'}`);
      say(`code:     ${code}`);
      say(`The database is ${relation === 'equal' ? 'up to date' : `${relation} than the code`}.`);
    }),
  );

program
  .command('config')
  .description('the configuration')
  .command('sample')
  .description('write a sample of fenix.conf with every option')
  .option('-o, --output <file>', 'write it there instead of standard output')
  .action(({ output }: { output?: string }) =>
    refusing(async () => {
      if (output === undefined) process.stdout.write(sample());
      else writeFileSync(output, sample());
    }),
  );

await program.parseAsync();

function withMigrator(work: (migrator: SchemaMigrator) => Promise<void>): Promise<void> {
  return refusing(async () => {
    const { config } = configure('fenix-manage', program.opts<{ configFile: string[] }>().configFile);
    const database = await Database.open({ ...parseDatabaseUrl(config.database.connection), poolSize: 1 });
    try {
      await work(new SchemaMigrator(database));
    } finally {
      await database.close();
    }
  });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
