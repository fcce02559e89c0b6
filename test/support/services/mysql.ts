import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createConnection } from 'mysql2/promise';
import { parseDatabaseUrl } from '../../../src/config/index.js';

/** A kind of database that repositories have to work on. */
export interface TestDatabase {
  readonly name: 'sqlite' | 'mysql';
  /** `test`, or `test.skip` where there is no such database (`npm test` starts one, and counts what was skipped). */
  readonly test: (title: string, run: (t: ExecutionContext) => Promise<void>) => void;
  /** Makes a new, empty database; it is removed after the file's last test. Resolves to its URL. */
  fresh(): Promise<string>;
}

const serverUrl = process.env.FENIX_TEST_MYSQL_URL ?? '';
const sqlite: TestDatabase = { name: 'sqlite', test, fresh: freshSqlite };
const mysql: TestDatabase = { name: 'mysql', test: serverUrl === '' ? test.skip : test, fresh: freshMysql };

/** All kinds: `for (const database of databases) database.test('… (' + database.name + ')', …)`. */
export const databases: readonly TestDatabase[] = [sqlite, mysql];
/** For tests of what only a server has: locks, isolation, several processes. */
export const mysqlOnly: TestDatabase = mysql;

const removals: Array<() => Promise<void>> = [];
test.after.always('databases of this file are removed', async () => {
  for (const remove of removals.reverse()) await remove();
});

async function freshSqlite(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'fenix-sqlite-'));
  removals.push(async () => rmSync(directory, { recursive: true, force: true }));
  return `sqlite://${join(directory, 'fenix.db')}`;
}

async function freshMysql(): Promise<string> {
  const name = `fenix_test_${randomBytes(6).toString('hex')}`;
  await onServer(`CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`);
  removals.push(() => onServer(`DROP DATABASE ${name}`));
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function onServer(statement: string): Promise<void> {
  const target = parseDatabaseUrl(serverUrl);
  if (target.kind !== 'mysql') throw new Error('FENIX_TEST_MYSQL_URL must be a mysql:// URL');
  const connection = await createConnection({ ...target.mysql });
  try {
    await connection.query(statement);
  } finally {
    await connection.end();
  }
}
