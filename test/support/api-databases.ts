import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database, type DatabaseSettings } from '../../src/db/database.js';
import { SchemaMigrator } from '../../src/db/migrator.js';

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

/** SQLite always; MariaDB (or MySQL) where FENIX_TEST_MYSQL_URL names a server on which databases may be made. */
export const databaseKinds: readonly DatabaseKind[] = [
  { name: 'SQLite', open: openSqlite },
  ...(process.env.FENIX_TEST_MYSQL_URL === undefined ? [] : [{ name: 'MariaDB' as const, open: openMysql }]),
];

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
  const url = new URL(process.env.FENIX_TEST_MYSQL_URL as string);
  const server = {
    host: url.hostname,
    port: Number(url.port === '' ? 3306 : url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  };
  const name = `fenix_test_${randomUUID().replaceAll('-', '')}`;
  const admin = await Database.open({ kind: 'mysql', mysql: { ...server, database: 'information_schema' } });
  await admin.knex.raw(`create database ${name} character set utf8mb4 collate utf8mb4_general_ci`);
  const settings: DatabaseSettings = { kind: 'mysql', mysql: { ...server, database: name } };
  const database = await Database.open(settings);
  if (schema) await new SchemaMigrator(database).upgrade();
  const close = async (): Promise<void> => {
    await database.close();
    await admin.knex.raw(`drop database ${name}`);
    await admin.close();
  };
  return { database, settings, close };
}
