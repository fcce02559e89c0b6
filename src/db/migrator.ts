import { readdirSync } from 'node:fs';
import type { Knex } from 'knex';
import { FenixError } from '../common/errors.js';
import type { Database } from './database.js';

const DIRECTORY = new URL('../../migrations/', import.meta.url);

interface MigrationFile {
  readonly name: string;
}

/** Names without extension, so that runs from source and from compiled files agree. */
class FileMigrations implements Knex.MigrationSource<MigrationFile> {
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
    return { database: applied.at(-1) ?? null, code, relation };
  }

  /** @throws FenixError `schema-older` or `schema-newer` (terminal) unless database and code agree */
  async requireCurrent(): Promise<void> {
    const version = await this.version();
    if (version.relation === 'older') throw older(version);
    if (version.relation === 'newer') throw newer(version);
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
