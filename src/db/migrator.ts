import { readdirSync } from 'node:fs';
import type { Knex } from 'knex';
import { FenixError } from '../common/errors.js';
import type { Database } from './database.js';
import { SettingRepository } from './setting-repository.js';

/**
 * The oldest schema whose code can work on the present one, since all that came after it only added: tables, indices,
 * columns that may be left out. Raised in the release in which that is no longer so; the releases in between go on
 * while the newer one is being rolled out, and start again if they have to.
 */
export const OLDEST_SERVED = '0027-instance-blocked';
const DIRECTORY = new URL('../../migrations/', import.meta.url);

interface MigrationFile {
  readonly name: string;
}

/** Names without extension, so that runs from source and from compiled files agree. */
export class FileMigrations implements Knex.MigrationSource<MigrationFile> {
  async getMigrations(): Promise<MigrationFile[]> {
    return knownVersions().map((name) => ({ name }));
  }
  getMigrationName({ name }: MigrationFile): string {
    return name;
  }
  getMigration({ name }: MigrationFile): Promise<Knex.Migration> {
    return import(new URL(`${name}.js`, DIRECTORY).href);
  }
}

function knownVersions(): string[] {
  return readdirSync(DIRECTORY)
    .filter((file) => file.endsWith('.js'))
    .map((file) => file.slice(0, -'.js'.length))
    .sort();
}

export interface SchemaVersion {
  /** Last schema migration in the database; null = empty database. */
  readonly database: string | null;
  /** Last one that this code knows. */
  readonly code: string;
  readonly relation: 'equal' | 'older' | 'newer';
  /** Whether this code can work on it; for a newer schema, its own code has left word of that in the database. */
  readonly served: boolean;
}

/** Schema migrations of one database. */
export class SchemaMigrator {
  constructor(private readonly database: Database) {}

  /**
   * Brings the schema up to this code's version.
   * @returns the names of the schema migrations that were run
   * @throws FenixError `schema-newer` (terminal): there is nothing that this code could do
   */
  async upgrade(): Promise<string[]> {
    const version = await this.version();
    if (version.relation === 'newer') throw newer(version);
    const [, names] = await this.database.knex.migrate.latest({ migrationSource: new FileMigrations() });
    await new SettingRepository(this.database).setSchemaServes(OLDEST_SERVED);
    return names as string[];
  }

  /** Takes back every schema migration of the last upgrade. @returns the names of those that were taken back */
  async downgrade(): Promise<string[]> {
    const [, names] = await this.database.knex.migrate.rollback({ migrationSource: new FileMigrations() });
    return names as string[];
  }

  async version(): Promise<SchemaVersion> {
    const known = knownVersions();
    const code = known.at(-1) as string;
    const applied = await this.applied();
    const unknown = applied.filter((name) => !known.includes(name));
    const relation = unknown.length > 0 ? 'newer' : applied.length < known.length ? 'older' : 'equal';
    const served = relation === 'equal' || (relation === 'newer' && (await this.serves(code)));
    return { database: applied.at(-1) ?? null, code, relation, served };
  }

  /** @throws FenixError `schema-older` or `schema-newer` (terminal) where this code can't work on the database */
  async requireServed(): Promise<SchemaVersion> {
    const version = await this.version();
    if (version.served) return version;
    throw version.relation === 'older' ? older(version) : newer(version);
  }

  private async serves(code: string): Promise<boolean> {
    const oldest = await new SettingRepository(this.database).schemaServes();
    return oldest !== undefined && oldest <= code;
  }

  private async applied(): Promise<string[]> {
    const { knex } = this.database;
    if (!(await knex.schema.hasTable('knex_migrations'))) return [];
    const rows = await knex('knex_migrations').select('name').orderBy('id');
    return rows.map((row) => String(row.name));
  }
}

function older({ database, code }: SchemaVersion): FenixError {
  const found = database === null ? 'The database is empty' : `The database schema is at ${database}`;
  const message = `${found}, this code needs ${code}: run "fenix-manage db upgrade".`;
  return new FenixError('terminal', 'schema-older', message);
}

function newer({ database, code }: SchemaVersion): FenixError {
  const message = `The database schema is at ${database}, newer than this code (${code}): upgrade Fenix on this machine.`;
  return new FenixError('terminal', 'schema-newer', message);
}
