import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
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
  const settings: DatabaseSettings = { kind: 'sqlite', filename: join(directory, 'fenix.sqlite') };
  const database = await Database.open(settings);
  if (schema) await new SchemaMigrator(database).upgrade();
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
  if (schema) await new SchemaMigrator(database).upgrade();
  const close = async (): Promise<void> => {
    await database.close();
    await admin.knex.raw(`drop database ${name}`);
    await admin.close();
  };
  return { database, settings, close };
}
