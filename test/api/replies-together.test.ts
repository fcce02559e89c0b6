import test from 'ava';
import type { ApiDeps } from '../../src/api/deps.js';
import { takeReply } from '../../src/api/handlers/reply.js';
import type { ApiRequest } from '../../src/api/request.js';
import { ManualClock } from '../../src/common/clock.js';
import { silentLogger } from '../../src/common/logger.js';
import { Repositories } from '../../src/db/repositories.js';
import { TENANT } from '../support/api.js';
import { databaseKinds } from '../support/api-databases.js';
import { aNotice, aProject, aSession, NOON } from '../support/api-records.js';
import { ManualMachineClock } from '../support/manual-machine-clock.js';

const ACK = { state: 'ACK_PLANNED_MAINTENANCE' };
type Hint = readonly [sessionIds: readonly string[], requestId?: string];

/** What takes replies, without HTTP, and notes down each message to the engines. */
function aTaker(repositories: Repositories) {
  const hints: Hint[] = [];
  const deps = {
    repositories,
    clock: new ManualClock(NOON),
    machineClock: new ManualMachineClock(),
    settings: { maxDeferS: 0, replyPaceMs: 0 },
    engines: {
      wake: async (id: string, { requestId }: { requestId: string }) => void hints.push([[id], requestId]),
      wakeAll: async (ids: readonly string[]) => void hints.push([ids]),
    },
  } as unknown as ApiDeps;
  const handle = takeReply(deps);
  const reply = (sessionId: string, body: object = ACK): Promise<unknown> => {
    const params: Readonly<Record<string, string>> = { session_id: sessionId, project_id: TENANT };
    return handle({
      param: (name: string) => params[name] ?? '',
      body: () => body,
      caller: { userId: 'manager', projectId: TENANT },
      context: { requestId: `req-${sessionId}` },
      log: silentLogger,
    } as unknown as ApiRequest);
  };
  return { reply, hints };
}

async function asked(repositories: Repositories, count: number): Promise<string[]> {
  const all = Array.from({ length: count }, () => aSession());
  await repositories.database.transaction(async (tx) => {
    for (const session of all) {
      const { sessionId } = session;
      await repositories.sessions.create(session, tx);
      await repositories.projects.save(aProject({ sessionId, projectId: TENANT }), tx);
      await repositories.notices.insert(aNotice({ sessionId, projectId: TENANT, state: 'PLANNED_MAINTENANCE' }), tx);
    }
  });
  return all.map(({ sessionId }) => sessionId);
}

for (const kind of databaseKinds) {
  test.serial(
    `${kind.name}: replies that come together cost the statements of one, and one message to the engines`,
    async (t) => {
      const { database, close } = await kind.open();
      t.teardown(close);
      const repositories = new Repositories(database);
      const [first = '', ...others] = await asked(repositories, 6);
      const { reply, hints } = aTaker(repositories);
      const statements: string[] = [];
      database.knex.on('query', ({ sql }: { sql: string }) => statements.push(sql.replace(/ .*/s, '').toLowerCase()));
      // All but the first find one transaction under way, and share the next; two of them are for one session.
      await Promise.all([first, ...others, others[0] ?? ''].map((sessionId) => reply(sessionId)));
      const once = ['begin;', 'select', 'select', 'insert', 'insert', 'commit;'];
      t.deepEqual(statements, [...once, ...once]);
      t.deepEqual(hints, [[[first], `req-${first}`], [others]]);
      for (const [place, id] of [first, ...others].entries()) {
        t.is((await repositories.replies.unhandled(id)).length, place === 1 ? 2 : 1);
      }
    },
  );

  test.serial(
    `${kind.name}: of replies that come together those for nobody are unknown, and wake nobody`,
    async (t) => {
      const { database, close } = await kind.open();
      t.teardown(close);
      const repositories = new Repositories(database);
      const [first = '', second = ''] = await asked(repositories, 2);
      const without = aSession();
      await database.transaction((tx) => repositories.sessions.create(without, tx));
      const { reply, hints } = aTaker(repositories);
      const outcomes = await Promise.allSettled([
        reply(first),
        reply(second, { state: 'ACK_SCALE_IN' }),
        reply(without.sessionId),
        reply(without.sessionId, { state: 'nonsense' }),
        reply('00000000-0000-4000-8000-000000000000'),
        reply(second, { state: 'nonsense' }),
      ]);
      t.deepEqual(
        outcomes.map((outcome) =>
          outcome.status === 'rejected' ? outcome.reason.message.replace(/ACK_.*/, '…') : outcome.status,
        ),
        [
          'fulfilled',
          'fulfilled',
          'The project has no part in this session.',
          'The project has no part in this session.',
          'There is no such session.',
          'state must be one of …',
        ],
      );
      t.deepEqual(hints, [[[first], `req-${first}`]]);
      t.deepEqual(await repositories.history.list(without.sessionId), []);
    },
  );
}
