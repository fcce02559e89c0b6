import test, { type ExecutionContext } from 'ava';
import type { ApiDeps } from '../../src/api/deps.js';
import { takeReply } from '../../src/api/handlers/reply.js';
import type { ApiRequest } from '../../src/api/request.js';
import { ManualClock } from '../../src/common/clock.js';
import { Stopped } from '../../src/common/errors.js';
import { silentLogger } from '../../src/common/logger.js';
import type { Repositories } from '../../src/db/repositories.js';
import { type Lease, LeaseLost } from '../../src/db/session-repository.js';
import type { SessionContext } from '../../src/engine/context.js';
import { consumeInbox } from '../../src/engine/inbox.js';
import { SessionWriter, type Unit } from '../../src/engine/session-writer.js';
import { aNotice, aProject, NOON } from '../support/api-records.js';
import { aDatabase, aLife, anOwnedSession, takeOver } from '../support/engine-session.js';
import { ManualMachineClock } from '../support/manual-machine-clock.js';
import { Broken, everyInterleaving, Part, type Run } from '../support/model/interleavings.js';

/*
 * A project's answer on its way: the API's handler stores it, the owner's inbox consumes it, both as they are, on SQLite.
 * A step is one transaction, or one look at what is unhandled. The owner may die or stand still between any two, and
 * another engine takes over at any time.
 */

/** Which rule of the reply's way is broken on purpose. */
type Broke =
  | 'a reply is marked as handled before its effect is committed'
  | 'a reply is not marked as handled'
  | 'an owner writes whatever its epoch'
  | 'the API answers before it has stored';

const UNMARKED: readonly Broke[] = [
  'a reply is marked as handled before its effect is committed',
  'a reply is not marked as handled',
];

const PROJECT = '0a'.repeat(16);

interface World {
  readonly repositories: Repositories;
  readonly sessionId: string;
  readonly lease: Lease;
}

const TABLES = ['notices', 'replies', 'history', 'session_projects', 'engines', 'sessions'];

async function fresh(repositories: Repositories): Promise<World> {
  for (const table of TABLES) await repositories.database.knex(table).delete();
  const { session, lease } = await anOwnedSession(repositories, 'engine-a', { state: 'MAINTENANCE' });
  const { sessionId } = session;
  await repositories.projects.save(aProject({ sessionId, projectId: PROJECT }), repositories.database.knex);
  await repositories.notices.insert(
    aNotice({ sessionId, projectId: PROJECT, state: 'MAINTENANCE' }),
    repositories.database.knex,
  );
  return { repositories, sessionId, lease };
}

function anApi({ repositories, sessionId }: World): { answer(state: string): Promise<unknown> } {
  const deps = {
    repositories,
    clock: new ManualClock(NOON),
    machineClock: new ManualMachineClock(),
    settings: { maxDeferS: 0, replyPaceMs: 0 },
    engines: { wake: () => Promise.resolve() },
  } as unknown as ApiDeps;
  const params: Readonly<Record<string, string>> = { session_id: sessionId, project_id: PROJECT };
  const request = (state: string) =>
    ({
      param: (name: string) => params[name] ?? '',
      body: () => ({ session_id: sessionId, state }),
      caller: { userId: 'manager', projectId: PROJECT },
      context: { requestId: 'req-1' },
      minor: 0,
      log: silentLogger,
    }) as unknown as ApiRequest;
  return { answer: (state) => takeReply(deps)(request(state)) };
}

/** An owner whose every transaction and every look at the inbox waits for its turn. */
function anOwner(world: World, lease: Lease, part: Part, broke: Broke | undefined): SessionContext {
  const { repositories, sessionId } = world;
  const { replies } = repositories;
  const own = Object.create(repositories, {
    replies: {
      value: Object.create(replies, {
        unhandled: {
          value: async (id: string) => {
            await part.gate();
            return replies.unhandled(id);
          },
        },
        markHandled: {
          value: async (...args: Parameters<typeof replies.markHandled>) => {
            if (broke === undefined || !UNMARKED.includes(broke)) await replies.markHandled(...args);
          },
        },
      }),
    },
    sessions: { value: lenient(repositories, broke) },
  }) as Repositories;
  const writer = new SessionWriter(lease, own, new ManualClock(NOON), () => undefined);
  const commit = writer.commit.bind(writer);
  writer.commit = async <T>(work: (unit: Unit) => Promise<T> | T): Promise<T> => {
    await part.gate();
    if (broke === 'a reply is marked as handled before its effect is committed') {
      await repositories.database.knex('replies').update({ handled_at: '2026-01-01 12:00:00.000000' });
      await part.gate();
    }
    return commit(work);
  };
  const session = { sessionId } as never;
  return { ...aLife(own, { session, lease }).context, writer, watch: { changed: () => undefined } as never };
}

function lenient(repositories: Repositories, broke: Broke | undefined): Repositories['sessions'] {
  const { sessions } = repositories;
  if (broke !== 'an owner writes whatever its epoch') return sessions;
  return Object.create(sessions, {
    write: {
      value: async (lease: Lease, ...rest: never[]) => {
        const row = await (rest as never as [number, object, Date, typeof repositories.database.knex])[3](
          'sessions',
        ).first();
        const present = { ...lease, engineId: String(row.owner), epoch: Number(row.epoch) };
        return sessions.write(present, ...(rest as never as [number, object, Date, typeof repositories.database.knex]));
      },
    },
  });
}

async function run(repositories: Repositories, broke?: Broke): Promise<Run> {
  const world = await fresh(repositories);
  const api = anApi(world);
  const [manager, first, second] = [new Part(), new Part(), new Part()];
  let acknowledged = 0;
  await manager.start(async () => {
    // The same answer twice, as managers do that heard nothing.
    for (let n = 0; n < 2; n += 1) {
      await manager.gate();
      if (broke === 'the API answers before it has stored') {
        acknowledged += 1;
        await manager.gate();
      }
      await api.answer('ACK_MAINTENANCE');
      acknowledged += 1;
    }
  });
  const consume = (part: Part, lease: Lease) => async (): Promise<void> => {
    try {
      await consumeInbox(anOwner(world, lease, part, broke));
    } catch (error) {
      if (!(error instanceof LeaseLost || error instanceof Stopped)) throw error;
    }
  };
  await first.start(consume(first, world.lease));
  let taken: Lease | undefined;
  let dead = false;
  return {
    options: () => [
      ...(manager.waits ? ['manager answers'] : []),
      ...(first.waits && !dead ? ['owner goes on', 'owner dies'] : []),
      ...(taken === undefined ? ['another engine takes over'] : second.waits ? ['other goes on'] : []),
    ],
    take: async (option) => {
      if (option === 'manager answers') await manager.step();
      if (option === 'owner goes on') await first.step();
      if (option === 'owner dies') {
        dead = true;
        if (broke === 'the API answers before it has stored') manager.crash();
      }
      if (option === 'other goes on') await second.step();
      if (option === 'another engine takes over') {
        taken = await takeOver(repositories, world.lease, 'engine-b');
        await second.start(consume(second, taken));
      }
    },
    end: async () => {
      // Whoever owns it then looks once more, as the next sweep makes it do.
      const last = new Part();
      await last.start(consume(last, taken as Lease));
      for (let steps = 0; last.waits && steps < 20; steps += 1) await last.step();
      await judge(world, acknowledged);
    },
  };
}

async function judge({ repositories, sessionId }: World, acknowledged: number): Promise<void> {
  const { knex } = repositories.database;
  const replies = await knex('replies').whereNull('handled_at');
  if (replies.length > 0) throw new Error('a stored reply is never handled');
  const [notice] = await repositories.notices.list(sessionId);
  if (acknowledged > 0 && notice?.outcome !== 'ack') throw new Error('an acknowledged reply was lost');
  const history = await repositories.history.list(sessionId);
  const count = (what: string): number => history.filter((line) => line.what === what).length;
  if (count('reply') > 1) throw new Error('a notice was answered twice');
  const stored = (await knex('replies')).length;
  const consumed = count('reply') + count('reply-without-effect');
  if (consumed !== stored) throw new Error(`${stored} replies were stored, ${consumed} consumed`);
}

async function all(t: ExecutionContext, broke?: Broke): Promise<number> {
  const repositories = await aDatabase(t);
  return everyInterleaving(() => run(repositories, broke));
}

test('an answer is consumed once, in whatever order API, owner, its death and its successor come', async (t) => {
  const runs = await all(t);
  t.log(`${runs} interleavings`);
  t.true(runs > 100);
});

const SEEN: Readonly<Record<Broke, RegExp>> = {
  'a reply is marked as handled before its effect is committed': /^an acknowledged reply was lost/,
  'a reply is not marked as handled': /^a stored reply is never handled/,
  'an owner writes whatever its epoch': /^2 replies were stored, 4 consumed/,
  'the API answers before it has stored': /^an acknowledged reply was lost/,
};

for (const [broke, message] of Object.entries(SEEN) as [Broke, RegExp][]) {
  test(`of replies: were it so that ${broke}, it would be found out`, async (t) => {
    const error = await t.throwsAsync(all(t, broke), { instanceOf: Broken, message });
    t.log(error?.message.split('\n')[0]);
  });
}
