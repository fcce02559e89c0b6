import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Database, type DatabaseSettings } from '../../src/db/database.js';
import { SchemaMigrator } from '../../src/db/migrator.js';
import { mysqlServer } from './services/mysql.js';

/** A database made for one test, empty or with the schema; gone after `close`. */
export interface TestDatabase {
  readonly database: Database;
  /** How to reach the same database once more, as another process would. */
  readonly settings: DatabaseSettings;
  close(): Promise<void>;
}

export interface DatabaseKind {
  readonly name: 'SQLite' | 'MariaDB';
  open(options?: { readonly schema?: boolean }): Promise<TestDatabase>;
}

/** SQLite always; MariaDB (or MySQL) on the server that tests were given, if any. */
export const databaseKinds: readonly DatabaseKind[] = [
  { name: 'SQLite', open: openSqlite },
  ...(mysqlServer === undefined ? [] : [{ name: 'MariaDB' as const, open: openMysql }]),
];

// Without a server a file says so once, so that `npm test` counts what it did not run.
if (mysqlServer === undefined) test.skip('MariaDB: all of this file', (t) => t.fail());

async function openSqlite({ schema = true } = {}): Promise<TestDatabase> {
  const directory = mkdtempSync(join(tmpdir(), 'fenix-test-'));
  const filename = join(directory, 'fenix.sqlite');
  if (schema) writeFileSync(filename, await migratedFile());
  const settings: DatabaseSettings = { kind: 'sqlite', filename };
  const database = await Database.open(settings);
  const close = async (): Promise<void> => {
    await database.close();
    rmSync(directory, { recursive: true });
  };
  return { database, settings, close };
}

async function openMysql({ schema = true } = {}): Promise<TestDatabase> {
  if (mysqlServer === undefined) throw new Error('there is no server for tests');
  const name = `fenix_test_${randomUUID().replaceAll('-', '')}`;
  const admin = await Database.open({ kind: 'mysql', mysql: { ...mysqlServer, database: 'information_schema' } });
  await admin.knex.raw(`create database ${name} character set utf8mb4 collate utf8mb4_general_ci`);
  const settings: DatabaseSettings = { kind: 'mysql', mysql: { ...mysqlServer, database: name } };
  const database = await Database.open(settings);
  if (schema) await fill(database);
  const close = async (): Promise<void> => {
    await database.close();
    await admin.knex.raw(`drop database ${name}`);
    await admin.close();
  };
  return { database, settings, close };
}

/* All schema migrations, one after the other, take longer than most tests: a process runs them once, and copies. */

let file: Promise<Buffer> | undefined;
let statements: Promise<readonly string[]> | undefined;

/** What SQLite makes of the schema. */
function migratedFile(): Promise<Buffer> {
  file ??= withMigrated(openSqlite, async ({ knex }, settings) => {
    await knex.raw('pragma wal_checkpoint(truncate)');
    return readFileSync(settings.kind === 'sqlite' ? settings.filename : '');
  });
  return file;
}

async function fill({ knex }: Database): Promise<void> {
  statements ??= withMigrated(openMysql, statementsOf);
  for (const statement of await statements) await knex.raw(statement);
}

async function withMigrated<T>(
  open: DatabaseKind['open'],
  read: (database: Database, settings: DatabaseSettings) => Promise<T>,
): Promise<T> {
  const { database, settings, close } = await open({ schema: false });
  try {
    await new SchemaMigrator(database).upgrade();
    return await read(database, settings);
  } finally {
    await close();
  }
}

/** What makes a MariaDB's tables anew, with what stands in them. */
async function statementsOf({ knex }: Database): Promise<string[]> {
  const made: string[] = [];
  const [tables] = await knex.raw("show full tables where table_type = 'BASE TABLE'");
  for (const [table] of tables.map(Object.values)) {
    const [[shown]] = await knex.raw('show create table ??', [table]);
    made.push(String(shown['Create Table']).replace(/ AUTO_INCREMENT=\d+/, ''));
    const rows = await knex(table).select();
    if (rows.length > 0) made.push(knex(table).insert(rows).toString());
  }
  return made;
}
