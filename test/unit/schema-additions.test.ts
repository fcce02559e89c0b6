import test from 'ava';
import type { Knex } from 'knex';
import type { Database } from '../../src/db/database.js';
import { FileMigrations, OLDEST_SERVED, SchemaMigrator } from '../../src/db/migrator.js';
import { databaseKinds } from '../support/api-databases.js';

/*
 * While two releases run side by side the older one works on the newer schema: what came after the oldest schema that is
 * served may only have added what the older code can leave out.
 */

type Columns = Readonly<Record<string, Knex.ColumnInfo>>;
type Schema = Readonly<Record<string, Columns>>;

for (const kind of databaseKinds) {
  test.serial(
    `${kind.name}: schema migrations since ${OLDEST_SERVED} only add what older code can leave out`,
    async (t) => {
      const { database, close } = await kind.open({ schema: false });
      t.teardown(close);
      const migrator = new SchemaMigrator(database);
      const names = await migrator.upgrade();
      const tables = await tablesOf(database);
      const newest = await schemaOf(database, tables);
      for (const _ of names.slice(names.indexOf(OLDEST_SERVED) + 1))
        await database.knex.migrate.down({ migrationSource: new FileMigrations() });
      t.is((await migrator.version()).database, OLDEST_SERVED);
      t.deepEqual(breaks(await schemaOf(database, await tablesOf(database)), newest), []);
    },
  );
}

test('what older code could not live with is found', (t) => {
  const text: Knex.ColumnInfo = { type: 'varchar', nullable: false, maxLength: 10, defaultValue: null };
  const older = { hosts: { name: text } };
  t.deepEqual(breaks(older, { hosts: { name: text }, rooms: { name: text } }), [], 'a table more');
  t.deepEqual(
    breaks(older, { hosts: { name: text, note: { ...text, nullable: true } } }),
    [],
    'a column that may be absent',
  );
  t.deepEqual(
    breaks(older, { hosts: { name: text, n: { ...text, defaultValue: '1' } } }),
    [],
    'a column with a default',
  );
  t.deepEqual(breaks(older, { hosts: { name: text, note: text } }), ['hosts.note must be given']);
  t.deepEqual(breaks(older, { hosts: {} }), ['hosts.name is gone']);
  t.deepEqual(breaks(older, {}), ['hosts is gone']);
  t.deepEqual(breaks(older, { hosts: { name: { ...text, type: 'int' } } }), ['hosts.name is another']);
});

/** They are told by their names, so that renaming one would make installed databases unknown. */
const SHARED = ['0025'];

test('schema migrations are numbered one after the other, each number given once', async (t) => {
  const names = (await new FileMigrations().getMigrations()).map(({ name }) => name);
  const numbers = names.map((name) => /^(\d{4})-[a-z-]+$/.exec(name)?.[1] ?? name);
  const doubled = numbers.filter((number, index) => numbers.indexOf(number) !== index);
  t.deepEqual(doubled, SHARED);
  const expected = [...new Set(numbers)].map((_, index) => String(index + 1).padStart(4, '0'));
  t.deepEqual([...new Set(numbers)], expected);
});

/** What keeps code for `older` from working on `newer`. */
function breaks(older: Schema, newer: Schema): string[] {
  return Object.entries(older).flatMap(([table, columns]) => {
    const now = newer[table];
    if (now === undefined) return [`${table} is gone`];
    const changed = Object.entries(columns).flatMap(([name, column]) => {
      const found = now[name];
      if (found === undefined) return [`${table}.${name} is gone`];
      return isWiderThan(found, column) ? [] : [`${table}.${name} is another`];
    });
    const demanded = Object.entries(now)
      .filter(([name, { nullable, defaultValue }]) => columns[name] === undefined && !nullable && defaultValue === null)
      .map(([name]) => `${table}.${name} must be given`);
    return [...changed, ...demanded];
  });
}

function isWiderThan(now: Knex.ColumnInfo, before: Knex.ColumnInfo): boolean {
  if (now.type !== before.type || (before.nullable && !now.nullable)) return false;
  return Number(now.maxLength ?? 0) >= Number(before.maxLength ?? 0);
}

async function tablesOf({ knex }: Database): Promise<string[]> {
  const query =
    knex.client.config.client === 'mysql2'
      ? "select table_name as name from information_schema.tables where table_schema = database() and table_name not like 'knex%'"
      : "select name from sqlite_master where type = 'table' and name not like 'sqlite%' and name not like 'knex%'";
  const answer = await knex.raw(query);
  const rows: { readonly name: string }[] = Array.isArray(answer[0]) ? answer[0] : answer;
  return rows.map(({ name }) => name);
}

async function schemaOf({ knex }: Database, tables: readonly string[]): Promise<Schema> {
  const found = await Promise.all(tables.map(async (table) => [table, await knex(table).columnInfo()] as const));
  return Object.fromEntries(found);
}
