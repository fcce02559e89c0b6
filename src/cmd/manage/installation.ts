import type { Command } from 'commander';
import { container, type DependencyContainer } from 'tsyringe';
import { escapeUnsafe } from '../../common/unsafe-text.js';
import { type Config, parseDatabaseUrl } from '../../config/index.js';
import { Database, DatabaseToken } from '../../db/database.js';
import { SchemaMigrator } from '../../db/migrator.js';
import { type Configured, configure, refusing } from '../command-line.js';
import { ConfigDirectoryToken, registerCore } from '../wiring/core.js';

/** Who wrote it, in history rows and settings of this program. */
export const WHO = 'fenix-manage';

/** Runs `work` with everything that needs no database. What is wrong becomes a sentence and an exit code. */
export function withConfig(program: Command, work: (parts: DependencyContainer) => Promise<void>): Promise<void> {
  return refusing(async () => work(partsOf(configured(program))));
}

/** Runs `work` on the configured database, whatever its schema. What is wrong becomes a sentence and an exit code. */
export function withDatabase(program: Command, work: (database: Database) => Promise<void>): Promise<void> {
  return refusing(async () => {
    const { config } = configured(program);
    await using(config, work);
  });
}

/** As {@link withDatabase}, with a schema that this code can work on and everything that the processes are made of. */
export function withInstallation(program: Command, work: (parts: DependencyContainer) => Promise<void>): Promise<void> {
  return refusing(async () => {
    const configuration = configured(program);
    await using(configuration.config, async (database) => {
      await new SchemaMigrator(database).requireServed();
      const parts = partsOf(configuration);
      parts.registerInstance(DatabaseToken, database);
      await work(parts);
    });
  });
}

export function say(line: string): void {
  process.stdout.write(`${escapeUnsafe(line)}\n`);
}

export function configured(program: Command): Configured {
  // Who runs a command reads its answer, not what a service would log on the way there.
  const defaults = { DEFAULT: { log_level: 'warning' } };
  return configure('fenix-manage', program.opts<{ configFile: string[] }>().configFile, defaults);
}

/** What needs no database. */
export function partsOf({ config, log, directory }: Configured): DependencyContainer {
  const parts = container.createChildContainer();
  registerCore(parts, config, log);
  parts.registerInstance(ConfigDirectoryToken, directory);
  return parts;
}

async function using(config: Config, work: (database: Database) => Promise<void>): Promise<void> {
  const database = await Database.open({ ...parseDatabaseUrl(config.database.connection), poolSize: 1 });
  try {
    await work(database);
  } finally {
    await database.close();
  }
}
