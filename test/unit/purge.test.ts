import test, { type ExecutionContext } from 'ava';
import { plusSeconds } from '../../src/common/clock.js';
import { Purge, SESSION_TABLES } from '../../src/db/purge.js';
import { Repositories } from '../../src/db/repositories.js';
import type { Session } from '../../src/model/index.js';
import { databaseKinds } from '../support/api-databases.js';
import { aHost, aNotice, anEngine, aProject, aSession, NOON } from '../support/api-records.js';
import { anImpact } from '../support/engine-views.js';

const OLD = { before: plusSeconds(NOON, 1), finished: false, dryRun: false };

interface World {
  readonly repositories: Repositories;
  /** A stored session with a host, a notice, a project and a line of history. */
  stored(facts?: Facts): Promise<string>;
  rows(table: string): Promise<number>;
}

interface Facts extends Partial<Pick<Session, 'state' | 'updatedAt'>> {
  readonly closed?: boolean;
  readonly deleted?: 'handled' | 'unhandled';
  readonly disabled?: boolean;
}

function onEach(title: string, story: (t: ExecutionContext, world: World) => Promise<void>): void {
  for (const kind of databaseKinds) {
    test.serial(`${kind.name}: ${title}`, async (t) => {
      const { database, close } = await kind.open();
      t.teardown(close);
      const repositories = new Repositories(database);
      const rows = async (table: string): Promise<number> => (await database.knex(table).select()).length;
      await story(t, { repositories, rows, stored: (facts) => store(repositories, facts ?? {}) });
    });
  }
}

async function store(repositories: Repositories, facts: Facts): Promise<string> {
  const { closed = true, deleted, disabled = false, ...overrides } = facts;
  const session = aSession({ state: 'MAINTENANCE_DONE', ...overrides });
  const { sessionId } = session;
  const { knex } = repositories.database;
  await repositories.sessions.create(session, knex);
  await knex('sessions')
    .where({ session_id: sessionId })
    .update({ closed: Number(closed) });
  await repositories.hosts.add([aHost({ sessionId, disabled })], knex);
  await repositories.notices.insert(aNotice({ sessionId }), knex);
  await repositories.projects.save(aProject({ sessionId }), knex);
  await repositories.history.append([{ sessionId, seq: 1, at: NOON, who: 'engine', what: 'state', details: {} }], knex);
  if (deleted !== undefined) {
    const command = { sessionId, kind: 'delete' as const, args: {}, userId: 'u', requestId: 'r', receivedAt: NOON };
    await repositories.commands.insert(command);
    if (deleted === 'handled')
      await knex('commands').where({ session_id: sessionId }).update({ handled_at: '2026-01-01' });
  }
  return sessionId;
}

onEach('every table with rows of sessions is purged', async (t, { repositories: { database } }) => {
  const { knex } = database;
  const isMysql = knex.client.config.client === 'mysql2';
  const names = isMysql
    ? await knex('information_schema.columns')
        .where({ column_name: 'session_id' })
        .whereRaw('table_schema = database()')
        .select({ name: 'table_name' })
    : await knex('sqlite_master as m')
        .joinRaw("join pragma_table_info(m.name) as p on p.name = 'session_id'")
        .where('m.type', 'table')
        .select({ name: 'm.name' });
  t.deepEqual(names.map(({ name }) => String(name)).sort(), [...SESSION_TABLES].sort());
});

onEach('what is left of old deleted sessions goes, and nothing of any other', async (t, world) => {
  const { repositories, stored, rows } = world;
  const gone = await stored({ deleted: 'handled' });
  const kept = [
    await stored(),
    await stored({ deleted: 'handled', updatedAt: plusSeconds(NOON, 2) }),
    await stored({ deleted: 'handled', closed: false }),
    await stored({ deleted: 'unhandled' }),
    await stored({ state: 'START_MAINTENANCE', closed: false }),
  ];
  const owned = await stored({ deleted: 'handled' });
  const session = await repositories.sessions.getEvenDeleted(owned);
  await repositories.engines.register(anEngine('engine-a'), 1000);
  if (session !== undefined) await repositories.sessions.claim(session, 'engine-a');
  const owing = await stored({ deleted: 'handled', disabled: true });

  const dry = await new Purge(repositories.database).run({ ...OLD, dryRun: true });
  t.is(await rows('sessions'), 8);
  const purged = await new Purge(repositories.database).run(OLD);
  t.deepEqual(dry, purged);
  t.like(purged, { sessions: 1, kept: 1 });
  const counts = Object.fromEntries(purged.rows);
  t.like(counts, {
    sessions: 1,
    session_hosts: 1,
    notices: 1,
    session_projects: 1,
    history: 1,
    commands: 1,
    outbox: 0,
  });
  const left = await repositories.database.knex('sessions').select('session_id');
  t.deepEqual(left.map((row) => row.session_id).sort(), [...kept, owned, owing].sort());
  for (const table of ['session_hosts', 'notices', 'history']) t.is(await rows(table), 7);
  t.deepEqual(await repositories.history.list(gone), []);
});

onEach('a session that left an instance stopped stays until that is started', async (t, { repositories, stored }) => {
  const sessionId = await stored({ deleted: 'handled' });
  const { impacts, database } = repositories;
  const impact = anImpact({ sessionId, action: 'STOP_START' });
  await impacts.insert(impact, database.knex);
  const purge = new Purge(database);
  t.like(await purge.run(OLD), { sessions: 0, kept: 1 });
  await impacts.end(impact, NOON, NOON, database.knex);
  t.like(await purge.run(OLD), { sessions: 1, kept: 0 });
});

onEach('finished sessions that nobody deleted go only when asked for', async (t, { repositories, stored, rows }) => {
  await stored();
  await stored({ state: 'MAINTENANCE_FAILED' });
  await stored({ state: 'PREPARE_MAINTENANCE' });
  const purge = new Purge(repositories.database);
  t.is((await purge.run(OLD)).sessions, 0);
  t.is((await purge.run({ ...OLD, finished: true })).sessions, 2);
  t.is(await rows('sessions'), 1);
});

onEach('engines that are long gone are forgotten, but for the last that the API knows of', async (t, world) => {
  const { engines, database } = world.repositories;
  for (const engineId of ['a', 'b', 'c']) await engines.register(anEngine(engineId), 1000);
  await database.knex('engines').where({ engine_id: 'a' }).update({ seen_at: '2020-01-01' });
  await database.knex('engines').where({ engine_id: 'b' }).update({ seen_at: '2020-01-02' });
  t.is(await engines.prune(86_400, true), 2);
  t.is(await engines.prune(86_400), 2);
  await database.knex('engines').update({ seen_at: '2020-01-03' });
  t.is(await engines.prune(86_400), 0);
  t.deepEqual(
    (await engines.list(1)).map(({ engineId }) => engineId),
    ['c'],
  );
});

onEach('old lines on constraints go, new ones stay', async (t, { repositories, rows }) => {
  const { constraintChanges, database } = repositories;
  const line = { kind: 'group', objectId: 'g', projectId: 'p', who: 'u', what: 'constraints-deleted' } as const;
  for (const at of [NOON, plusSeconds(NOON, 2)]) {
    await constraintChanges.append({ ...line, at, details: { removed: 1 } }, database.knex);
  }
  t.is(new Map((await new Purge(database).run({ ...OLD, dryRun: true })).rows).get('constraint_changes'), 1);
  t.is(await rows('constraint_changes'), 2);
  t.is(new Map((await new Purge(database).run(OLD)).rows).get('constraint_changes'), 1);
  t.deepEqual(
    (await constraintChanges.list('g')).map(({ at }) => at),
    [plusSeconds(NOON, 2)],
  );
});
