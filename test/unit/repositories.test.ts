import { randomUUID } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import { plusSeconds } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import { Database, isDatabaseTrouble, isDuplicate, type Tx } from '../../src/db/database.js';
import { OLDEST_SERVED, SchemaMigrator } from '../../src/db/migrator.js';
import { Repositories } from '../../src/db/repositories.js';
import { type Lease, LeaseLost, type SessionPatch } from '../../src/db/session-repository.js';
import { SettingRepository } from '../../src/db/setting-repository.js';
import type { Impact, Placeholder, PluginInfo, Session } from '../../src/model/index.js';
import { type DatabaseKind, databaseKinds } from '../support/api-databases.js';
import { aHost, aNotice, anEngine, anInstance, aProject, aSession, endLease, NOON } from '../support/api-records.js';

interface World {
  readonly repositories: Repositories;
  /**
   * The same database as another process would have it: over connections of its own, but for SQLite, where two
   * connections of one process would block each other's event loop.
   */
  readonly other: Repositories;
  stored(overrides?: Partial<Session>): Promise<Session>;
}

/** The same story on every database; one after the other, for each makes a database of its own. */
function onEach(title: string, story: (t: ExecutionContext, world: World) => Promise<void>): void {
  for (const kind of databaseKinds) {
    test.serial(`${kind.name}: ${title}`, async (t) => {
      const first = await kind.open();
      t.teardown(first.close);
      const second = kind.name === 'SQLite' ? first.database : await Database.open(first.settings);
      if (second !== first.database) t.teardown(() => second.close());
      const repositories = new Repositories(first.database);
      for (const engineId of ['engine-a', 'engine-b']) await repositories.engines.register(anEngine(engineId), 30);
      const stored = async (overrides?: Partial<Session>): Promise<Session> => {
        const session = aSession(overrides);
        await repositories.database.transaction((tx) => repositories.sessions.create(session, tx));
        return session;
      };
      await story(t, { repositories, other: new Repositories(second), stored });
    });
  }
}

onEach(
  'of two engines that want a session one gets it, with a higher epoch',
  async (t, { repositories, other, stored }) => {
    const session = await stored();
    const leases = await Promise.all([
      repositories.sessions.claim(session, 'engine-a'),
      other.sessions.claim(session, 'engine-b'),
    ]);
    const won = leases.filter((lease) => lease !== undefined);
    t.is(won.length, 1);
    t.is(won[0]?.epoch, 1);
    t.is((await repositories.sessions.get(session.sessionId))?.owner, won[0]?.engineId);
    t.deepEqual(await repositories.sessions.claimable(10), []);
  },
);

onEach(
  'what an engine without a lease owned can be taken, and its former owner writes no more',
  async (t, { repositories, stored }) => {
    const { sessions, engines, database } = repositories;
    const session = await stored();
    const lost = (await sessions.claim(session, 'engine-a')) as Lease;
    const write = (lease: Lease, patch: SessionPatch = {}) =>
      database.transaction((tx) => sessions.write(lease, 1, patch, NOON, tx));
    await endLease(repositories.database, 'engine-a');
    await t.throwsAsync(write(lost, { state: 'SCALE_IN' }), { instanceOf: LeaseLost });
    t.deepEqual(await sessions.claimable(10), [], 'it may still be renewed');
    t.is(await sessions.claim({ ...session, epoch: 1 }, 'engine-b'), undefined);

    t.is(await engines.expire(), 1);
    const [found] = await sessions.claimable(10);
    const taken = (await sessions.claim(found as Session, 'engine-b')) as Lease;
    t.is(taken.epoch, 2);
    await t.throwsAsync(write(lost), { instanceOf: LeaseLost });
    t.is(await write(taken, { state: 'SCALE_IN' }), 1);
    t.is((await sessions.get(session.sessionId))?.state, 'SCALE_IN');
  },
);

onEach(
  'a lease is prolonged also late, as long as nobody took note of its end; after that it is lost for good',
  async (t, { repositories, other }) => {
    const { engines } = repositories;
    await endLease(repositories.database, 'engine-a');
    t.true(await engines.renew('engine-a', 30));
    t.is(await other.engines.expire(), 0);
    await endLease(repositories.database, 'engine-a');
    t.is(await other.engines.expire(), 1);
    t.false(await engines.renew('engine-a', 30));
    t.true(await engines.renew('engine-b', 30));
  },
);

onEach('an engine without a lease takes nothing', async (t, { repositories, stored }) => {
  const { sessions } = repositories;
  const session = await stored();
  await endLease(repositories.database, 'engine-a');
  t.is(await sessions.claim(session, 'engine-a'), undefined);
  t.is(await sessions.claim(session, 'engine-c'), undefined, 'it never registered');
  t.truthy(await sessions.claim(session, 'engine-b'));
});

onEach(
  'an engine of the schema before keeps its sessions for as long as the lease in them says',
  async (t, { repositories, stored }) => {
    const { sessions, database } = repositories;
    const { sessionId } = await stored();
    const row = () => database.knex('sessions').where({ session_id: sessionId });
    await row().update({ owner: 'engine-before', epoch: 1, lease_until: database.nowPlus(30) });
    t.deepEqual(await sessions.claimable(10), []);
    await row().update({ lease_until: database.nowPlus(-1) });
    const [found] = await sessions.claimable(10);
    t.truthy(await sessions.claim(found as Session, 'engine-b'));
    t.is((await row().first()).lease_until, null);
  },
);

onEach(
  'a survey shows who has a lease, for how long, with how many sessions, and who is about to stop',
  async (t, { repositories, stored }) => {
    const { sessions, engines } = repositories;
    for (const session of [await stored(), await stored()]) await sessions.claim(session, 'engine-a');
    const survey = async () => {
      const leases = (await engines.survey()).sort((a, b) => (a.engineId < b.engineId ? -1 : 1));
      return leases.map(({ leftS, ...rest }) => ({ ...rest, left: Math.ceil(Math.round(leftS) / 30) * 30 }));
    };
    const one = { engineId: 'engine-a', sessions: 2, leaving: false, left: 30 };
    const two = { engineId: 'engine-b', sessions: 0, leaving: false, left: 30 };
    t.deepEqual(await survey(), [one, two]);
    await engines.retire('engine-b');
    await engines.renew('engine-a', 60);
    t.deepEqual(await survey(), [
      { ...one, left: 60 },
      { ...two, leaving: true },
    ]);
    await endLease(repositories.database, 'engine-a', 10);
    await engines.leave('engine-b');
    t.deepEqual(await survey(), [{ ...one, left: -0 }]);
    await engines.expire();
    t.deepEqual(await survey(), []);
  },
);

onEach('room for one more is told as the last notice that speaks of it has it', async (t, { repositories, stored }) => {
  const { sessionId } = await stored();
  const { notices, database } = repositories;
  const plans = [{ target: 'c1' }, { target: null, room: { a: true, b: true } }, null, { room: { b: false } }];
  await database.transaction(async (tx) => {
    for (const [i, planned] of plans.entries())
      await notices.insert(aNotice({ sessionId, noticeId: i + 1, planned }), tx);
  });
  t.deepEqual(
    [...(await notices.room(sessionId))],
    [
      ['a', true],
      ['b', false],
    ],
  );
});

onEach(
  'a released session is free at once; a late release of a lost lease changes nothing',
  async (t, { repositories, stored }) => {
    const { sessions } = repositories;
    const session = await stored();
    const first = await sessions.claim(session, 'engine-a');
    await sessions.release(first as never);
    const [free] = await sessions.claimable(10);
    const second = await sessions.claim(free as Session, 'engine-b');
    await sessions.release(first as never);
    t.is((await sessions.get(session.sessionId))?.owner, 'engine-b');
    t.is(second?.epoch, 2);
  },
);

onEach(
  'a closed session asks for no engine until there is a command to consume',
  async (t, { repositories, stored }) => {
    const { sessions, database } = repositories;
    const session = await stored();
    const lease = await sessions.claim(session, 'engine-a');
    await database.transaction((tx) => sessions.write(lease as never, 0, { closed: true }, NOON, tx));
    await sessions.release(lease as never);
    t.deepEqual(await sessions.claimable(10), []);
    const { sessionId } = session;
    const command = {
      sessionId,
      kind: 'delete' as const,
      args: {},
      userId: 'admin',
      requestId: 'req-1',
      receivedAt: NOON,
    };
    await repositories.commands.insert(command);
    t.is((await sessions.claimable(10)).length, 1);
  },
);

onEach(
  'sequence numbers have no gaps and no doubles under concurrent writes',
  async (t, { repositories, other, stored }) => {
    const session = await stored();
    const lease = await repositories.sessions.claim(session, 'engine-a');
    const writers = Array.from({ length: 12 }, (_, i) => {
      const { sessions, database } = i % 2 === 0 ? repositories : other;
      return database.transaction((tx) => sessions.write(lease as never, 2, {}, NOON, tx));
    });
    const firsts = (await Promise.all(writers)).sort((a, b) => a - b);
    t.deepEqual(
      firsts,
      Array.from({ length: 12 }, (_, i) => 1 + 2 * i),
    );
    t.is((await repositories.sessions.get(session.sessionId))?.seq, 24);
  },
);

onEach(
  'of two transactions that decided on the same reading of a guard one loses',
  async (t, { repositories, other }) => {
    await repositories.database.transaction((tx) => repositories.guards.read(['group/g'], tx));
    let readers = 0;
    let bothHaveRead = (): void => {};
    const reading = new Promise<void>((resolve) => {
      bothHaveRead = resolve;
    });
    const decide = async ({ database, guards }: Repositories): Promise<'won' | 'lost'> => {
      const versions = await database.transaction((tx) => guards.read(['group/g', 'host/h'], tx)).catch(lost);
      readers += 1;
      if (readers === 2) bothHaveRead();
      await reading;
      if (versions === 'lost') return 'lost';
      return database.transaction((tx) => guards.move(versions, tx)).then(() => 'won', lost);
    };
    const outcomes = await Promise.all([decide(repositories), decide(other)]);
    t.deepEqual(outcomes.sort(), ['lost', 'won']);
  },
);

function lost(error: unknown): 'lost' {
  if (error instanceof FenixError && error.code === 'guard-moved') return 'lost';
  throw error;
}

onEach(
  'decisions under a guard, repeated by the loser, never count the same place twice',
  async (t, { repositories, other }) => {
    const take = async (mine: Repositories, instanceId: string): Promise<void> => {
      for (;;) {
        try {
          return await mine.database.transaction(async (tx) => {
            const versions = await mine.guards.read(['limit'], tx);
            const attempt = (await mine.impacts.list('s', tx)).length + 1;
            await mine.impacts.insert(anImpact({ sessionId: 's', instanceId, attempt }), tx);
            await mine.guards.move(versions, tx);
          });
        } catch (error) {
          lost(error);
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, i) => take(i % 2 === 0 ? repositories : other, `i${i}`)));
    const attempts = (await repositories.impacts.list('s')).map(({ attempt }) => attempt).sort((a, b) => a - b);
    t.deepEqual(attempts, [1, 2, 3, 4, 5, 6, 7, 8]);
  },
);

onEach('a host belongs to one session at most, until it is released', async (t, { repositories, other }) => {
  const { claims, database } = repositories;
  const claim = (mine: Repositories, sid: string, hosts: string[]) =>
    mine.database.transaction((tx) => mine.claims.claim(sid, hosts, tx));
  t.deepEqual(await claim(repositories, 'one', ['h1', 'h2']), { claimed: true });
  t.deepEqual(await claim(repositories, 'one', ['h2', 'h3']), { claimed: true });
  t.deepEqual(await claim(other, 'two', ['h4', 'h3']), { claimed: false, hostname: 'h3', by: 'one' });
  await database.transaction((tx) => claims.release('one', tx));
  t.is(await claims.ownerOf('h3'), undefined);
  const many = Array.from({ length: 1200 }, (_, i) => `rack-${i}`);
  t.deepEqual(await claim(repositories, 'many', many), { claimed: true });
  t.deepEqual(await claim(other, 'more', ['a', 'rack-1199', ...many.slice(0, 600).map((name) => `${name}.x`)]), {
    claimed: false,
    hostname: 'rack-1199',
    by: 'many',
  });
  const race = await Promise.all([claim(repositories, 'three', ['h8', 'h9']), claim(other, 'four', ['h9', 'h7'])]);
  t.deepEqual(race.map(({ claimed }) => claimed).sort(), [false, true]);
});

onEach('replies and commands wait in order until they are handled', async (t, { repositories, stored }) => {
  const { replies, commands, sessions, database } = repositories;
  const { sessionId } = await stored();
  for (const state of ['ACK_MAINTENANCE', 'NACK_MAINTENANCE']) {
    await replies.insert([
      {
        sessionId,
        projectId: 'tenant',
        instanceId: null,
        state,
        deferSeconds: null,
        instanceActions: { a: 'MIGRATE' },
        instanceAction: null,
        userId: 'u',
        requestId: 'r',
        receivedAt: NOON,
      },
    ]);
  }
  const [first, second] = await replies.unhandled(sessionId);
  t.deepEqual([first?.state, second?.state], ['ACK_MAINTENANCE', 'NACK_MAINTENANCE']);
  t.deepEqual(first?.instanceActions, { a: 'MIGRATE' });
  t.deepEqual(await replies.sessionsWithUnhandled([sessionId, 'unknown']), [sessionId]);
  await database.transaction((tx) => replies.markHandled(first?.replyId as number, NOON, tx));
  t.deepEqual(
    (await replies.unhandled(sessionId)).map(({ state }) => state),
    ['NACK_MAINTENANCE'],
  );

  t.like(await sessions.standing(sessionId), { isDeleted: false, hasMail: true, isFrozen: false });
  await database.transaction((tx) => replies.markHandled(second?.replyId as number, NOON, tx));
  t.like(await sessions.standing(sessionId), { isDeleted: false, hasMail: false, isFrozen: false });
  await commands.insert({ sessionId, kind: 'delete', args: { a: 1 }, userId: 'u', requestId: 'r', receivedAt: NOON });
  t.like(await sessions.standing(sessionId), { isDeleted: true, hasMail: true, isFrozen: false });
  t.deepEqual((await sessions.standing(sessionId))?.session, await sessions.getEvenDeleted(sessionId));
  t.is(await sessions.standing(randomUUID()), undefined);
  t.deepEqual(await commands.sessionsWithUnhandled([sessionId]), [sessionId]);
  const [command] = await commands.unhandled(sessionId);
  t.deepEqual(command?.args, { a: 1 });
  await database.transaction((tx) => commands.markHandled(command?.commandId as number, NOON, tx));
  t.deepEqual(await commands.unhandled(sessionId), []);
  t.is(await sessions.get(sessionId), undefined);
  t.is((await sessions.getEvenDeleted(sessionId))?.sessionId, sessionId);
  t.deepEqual(await sessions.list(), []);
  t.deepEqual(await sessions.ids(), []);
  t.is(await sessions.countUnfinished(), 0);
});

onEach('the journal takes an intent once, can run it again and ends it', async (t, { repositories }) => {
  const { journal, database } = repositories;
  const key = { sessionId: 's', subject: 'vm', action: 'MIGRATE', attempt: 1 };
  const begin = () =>
    database.transaction((tx) =>
      journal.begin(
        { ...key, host: 'c1', kind: 'move', intent: { target: 'h', deep: [1, { x: null }] }, timeoutS: 60 },
        tx,
      ),
    );
  await begin();
  const twice = await t.throwsAsync(begin(), { any: true });
  t.true(isDuplicate(twice));
  const begun = await journal.find(key);
  t.like(begun, { state: 'begun', runs: 1, timeoutS: 60, outcome: null, endedAt: null });
  t.deepEqual(begun?.intent, { target: 'h', deep: [1, { x: null }] });
  t.true((begun?.ageS ?? -1) >= -0.01 && (begun?.ageS ?? 99) < 30, `age ${begun?.ageS}`);
  await database.transaction((tx) => journal.runAgain(key, tx));
  await database.transaction((tx) => journal.end(key, 'done', { host: 'h' }, tx));
  const [ended] = await journal.list('s');
  t.like(ended, { state: 'done', runs: 2 });
  t.true(ended?.endedAt instanceof Date);
  t.deepEqual(ended?.outcome, { host: 'h' });
});

onEach('the outbox gives what is not published, in order of its numbers', async (t, { repositories }) => {
  const { outbox, database } = repositories;
  const entry = (seq: number) => ({
    sessionId: 's',
    seq,
    messageId: randomUUID(),
    eventType: 'maintenance.session',
    payload: { seq },
    once: seq === 2,
    createdAt: NOON,
  });
  await database.transaction((tx) => outbox.add([entry(3), entry(1), entry(2)], tx));
  const pending = await outbox.pending('s', 2);
  t.deepEqual(
    pending.map(({ seq, once, payload }) => ({ seq, once, payload })),
    [
      { seq: 1, once: false, payload: { seq: 1 } },
      { seq: 2, once: true, payload: { seq: 2 } },
    ],
  );
  await outbox.markAttempt(pending[0]?.outboxId as number, 1);
  await outbox.markError(pending[0]?.outboxId as number, 'no broker');
  t.like((await outbox.pending('s', 1))[0], { attempts: 1, error: 'no broker', publishedAt: null });
  await outbox.markPublished(pending[0]?.outboxId as number, NOON);
  t.deepEqual(
    (await outbox.pending('s', 9)).map(({ seq }) => seq),
    [2, 3],
  );
});

onEach('a fact about an instance and a host is kept once, the latest', async (t, { repositories }) => {
  const { facts, database } = repositories;
  const fact = (host: string, message: string) => ({
    sessionId: 's',
    instanceId: 'i',
    host,
    code: 'c',
    message,
    at: NOON,
  });
  for (const one of [fact('h1', 'first'), fact('h1', 'second'), fact('h2', 'other')]) {
    await database.transaction((tx) => facts.record(one, tx));
  }
  const texts = (await facts.list('s')).map(({ host, message }) => `${host} ${message}`);
  t.deepEqual(texts.sort(), ['h1 second', 'h2 other']);
  await database.transaction((tx) => facts.record({ ...fact('h1', 'of another session'), sessionId: 'other' }, tx));
  await database.transaction((tx) => facts.forget('s', tx));
  t.deepEqual(await facts.list('s'), []);
  t.is((await facts.list('other')).length, 1);
});

onEach('a placeholder is kept by its consumer, one for each instance of a session', async (t, { repositories }) => {
  const { placeholders, database } = repositories;
  const size = { vcpus: 2, memoryMb: 4096, diskGb: 20 };
  const placeholder = (sessionId: string, instanceId: string, consumer: string): Placeholder => ({
    ...{ sessionId, instanceId, consumer, host: 'compute-1', ...size, state: 'asked', since: NOON },
  });
  const insert = (one: Placeholder) => database.transaction((tx) => placeholders.insert(one, tx));
  await insert(placeholder('s', 'i', 'first'));
  await insert(placeholder('other', 'i', 'second'));
  await t.throwsAsync(insert(placeholder('s', 'i', 'third')), { any: true }, 'not before the first one is gone');
  await database.transaction((tx) => placeholders.become('first', 'held', tx));
  t.deepEqual(await placeholders.ofSession('s'), [{ ...placeholder('s', 'i', 'first'), state: 'held' }]);
  t.is((await placeholders.all()).length, 2);
  await placeholders.remove('first');
  t.deepEqual(await placeholders.ofSession('s'), []);
  t.deepEqual(await placeholders.all(), [placeholder('other', 'i', 'second')]);
});

function anImpact(overrides: Partial<Impact> & Pick<Impact, 'sessionId' | 'instanceId'>): Impact {
  return {
    attempt: 1,
    projectId: 'tenant',
    groupId: 'g',
    action: 'MIGRATE',
    sourceHost: 'h1',
    targetHost: null,
    vcpus: 2,
    memoryMb: 2048,
    diskGb: 10,
    startedAt: NOON,
    endedAt: null,
    recoveredAt: null,
    ...overrides,
  };
}

onEach('an impact counts until its recovery time has passed, not at that instant', async (t, { repositories }) => {
  const { impacts, database } = repositories;
  await database.transaction(async (tx) => {
    await impacts.insert(anImpact({ sessionId: 's', instanceId: 'running' }), tx);
    await impacts.insert(anImpact({ sessionId: 't', instanceId: 'resting' }), tx);
  });
  const key = { sessionId: 't', instanceId: 'resting', attempt: 1 };
  await database.transaction((tx) => impacts.end(key, NOON, plusSeconds(NOON, 60), tx));
  const activeAt = async (seconds: number) =>
    (await impacts.active(plusSeconds(NOON, seconds))).map(({ instanceId }) => instanceId).sort();
  t.deepEqual(await activeAt(59.999), ['resting', 'running']);
  t.deepEqual(await activeAt(60), ['running']);
});

function aPlugin(name: string, version: string): PluginInfo {
  return { kind: 'action', name, version, digest: 'd', metadataSchema: { type: 'object' } };
}

onEach('plug-ins are those of living engines, else of those last seen', async (t, { repositories }) => {
  const { engines } = repositories;
  for (const engineId of ['engine-a', 'engine-b']) await engines.leave(engineId);
  t.deepEqual(await engines.plugins(30), []);
  const plugins = [aPlugin('noop', '1'), aPlugin('x', '1')];
  await engines.register({ engineId: 'old', host: 'a', version: '1', plugins }, 30);
  await engines.leave('old');
  t.deepEqual(
    (await engines.list(30)).filter(({ alive }) => alive),
    [],
  );
  t.deepEqual(
    (await engines.plugins(30)).map(({ name }) => name),
    ['noop', 'x'],
  );
  await engines.register({ engineId: 'new', host: 'b', version: '2', plugins: [aPlugin('noop', '2')] }, 30);
  t.deepEqual(await engines.plugins(30), [aPlugin('noop', '2')]);
  t.deepEqual(
    (await engines.list(30)).filter(({ alive }) => alive).map(({ engineId }) => engineId),
    ['new'],
  );
});

onEach('records come back with the same values and types', async (t, { repositories }) => {
  const { sessions, hosts, instances, projects, notices, pluginRuns, plans, history, database } = repositories;
  const at = new Date('2026-01-31T23:59:59.123Z');
  const reason = { code: 'nack', message: 'said no 🙅', projectId: 'p', at };
  const waiting = { for: 'replies', message: 'waits', since: at, until: plusSeconds(at, 40) };
  const action = { name: 'n', plugin: 'noop', type: 'host' as const, order: -1, metadata: { deep: { at: 'text' } } };
  const pin = { kind: 'workflow' as const, name: 'default', version: '1', digest: 'ff' };
  const session = aSession({ maintenanceAt: at, pausedAt: at, reason, waiting, actions: [action], plugins: [pin] });
  const metadata = { text: 'ünï 🚀 "\'\\', list: [1, 1.5, true, null], at: '2026-01-01T00:00:00.000Z' };
  const whole = { ...session, metadata, hosts: ['ä', 'b'] };
  const { sessionId } = session;
  const blocked = { because: 'group-limit', message: 'm', since: at, until: at };
  const host = aHost({ sessionId, disabled: true, maintained: true, blocked, excluded: null });
  const instance = anInstance({ sessionId, actionDone: true, action: 'OWN_ACTION', instanceName: '🐧' });
  const project = aProject({ sessionId, scaledIn: true, notifiedAt: at });
  const notice = aNotice({ sessionId, instanceIds: ['a'], allowedActions: ['MIGRATE'], actions: { a: 'MIGRATE' } });
  const run = {
    sessionId,
    type: 'host',
    name: 'n',
    plugin: 'noop',
    hostname: 'h',
    state: 'RUNNING',
    attempt: 1,
    startedAt: at,
    endedAt: null,
    output: 'line\n🐧',
    facts: { kernel: '6.1', left: [] },
  };
  const plan = { sessionId, seq: 1, at, subject: 'h', snapshot: { x: 'y'.repeat(100_000) }, result: [true] };
  const line = { sessionId, seq: null, at, who: 'u', what: 'reply', details: { ok: false } };
  await database.transaction(async (tx) => {
    await sessions.create(whole, tx);
    await hosts.add([host], tx);
    await instances.save({ ...instance, actionDone: false }, tx);
    await instances.save(instance, tx);
    await projects.save(project, tx);
    await notices.insert(notice, tx);
    await pluginRuns.save(run, tx);
    await pluginRuns.save({ ...run, state: 'DONE', endedAt: at }, tx);
    await plans.insert(plan, tx);
    await history.append([line], tx);
  });
  t.deepEqual(await sessions.get(sessionId), whole);
  t.deepEqual(await sessions.ids(), [sessionId]);
  t.deepEqual(await hosts.list(sessionId), [host]);
  t.deepEqual(await instances.list(sessionId), [instance]);
  const [tenants, others] = [
    { sessionId, projectId: 'tenant' },
    { sessionId, projectId: 'other' },
  ];
  const { instanceId, state } = instance;
  t.deepEqual(await instances.ofParts([others, tenants]), [{ ...tenants, instanceId, state }]);
  t.deepEqual(await instances.ofParts([others]), []);
  t.deepEqual(await instances.ofParts([]), []);
  t.deepEqual(await instances.partsWithAny([others, tenants]), [tenants]);
  t.deepEqual(await instances.owners([{ sessionId, instanceId }]), [{ ...tenants, instanceId }]);
  t.deepEqual(await projects.known([others, tenants]), [tenants]);
  t.deepEqual(await projects.find(sessionId, 'tenant'), project);
  t.deepEqual(await notices.open(sessionId, 'tenant'), [notice]);
  t.deepEqual(await pluginRuns.list(sessionId), [{ ...run, state: 'DONE', endedAt: at }]);
  const { type, name, hostname } = run;
  const shown = { output: 'more', facts: null };
  await database.transaction((tx) => pluginRuns.show({ sessionId, type, name, hostname }, shown, tx));
  t.deepEqual(await pluginRuns.list(sessionId), [{ ...run, state: 'DONE', endedAt: at, ...shown }]);
  t.deepEqual(await plans.list(sessionId), [plan]);
  t.deepEqual(await history.list(sessionId), [line]);
  await database.transaction((tx) => hosts.update(sessionId, host.hostname, { disabled: false, blocked: null }, tx));
  t.deepEqual(await hosts.list(sessionId), [{ ...host, disabled: false, blocked: null }]);
});

onEach('what hosts and instances wait for is changed for many at once', async (t, { repositories }) => {
  const { sessions, hosts, instances, database } = repositories;
  const at = new Date('2026-01-31T23:59:59.123Z');
  const session = aSession();
  const { sessionId } = session;
  const names = Array.from({ length: 1101 }, (_, index) => `h${String(index).padStart(4, '0')}`);
  const order = { because: 'order', message: 'm', since: at, until: at };
  const room = { ...order, because: 'no-room' };
  const whatOf = (name: string) => (name === 'h0000' ? room : name === 'h0001' ? null : order);
  const statements: string[] = [];
  await database.transaction(async (tx) => {
    await sessions.create(session, tx);
    await hosts.add(
      names.map((hostname) => aHost({ sessionId, hostname, blocked: room })),
      tx,
    );
    await instances.save(anInstance({ sessionId, instanceId: 'h0001' }), tx);
    const changes = new Map(names.map((name) => [name, whatOf(name)]));
    database.knex.on('query', ({ sql }) => statements.push(sql));
    await hosts.block(sessionId, changes, tx);
    await instances.block(sessionId, new Map([['h0001', order]]), tx);
  });
  t.deepEqual(
    (await hosts.list(sessionId)).map(({ blocked }) => blocked),
    names.map(whatOf),
  );
  t.deepEqual((await instances.list(sessionId))[0]?.blocked, order);
  t.is(statements.filter((sql) => /^update .session_hosts/.test(sql)).length, 5, 'one for each value, of 500 at most');
});

onEach('how long actions took is told of maintained hosts alone, the latest first', async (t, { repositories }) => {
  const { sessions, hosts, pluginRuns, database } = repositories;
  const begin = new Date('2026-01-31T12:00:00.000Z');
  const session = aSession();
  const { sessionId } = session;
  const runs = (hostname: string, ...spans: [number, number | null][]) =>
    spans.map(([from, to], index) => ({
      sessionId,
      type: 'host',
      name: `n${index}`,
      plugin: 'noop',
      hostname,
      state: 'DONE',
      attempt: 1,
      startedAt: plusSeconds(begin, from),
      endedAt: to === null ? null : plusSeconds(begin, to),
    }));
  await database.transaction(async (tx) => {
    await sessions.create(session, tx);
    const maintained = ['early', 'late', 'open'].map((hostname) => aHost({ sessionId, hostname, maintained: true }));
    await hosts.add([...maintained, aHost({ sessionId, hostname: 'at-work' })], tx);
    const all = [
      ...runs('early', [0, 10], [20, 30]),
      ...runs('late', [5, 50]),
      ...runs('open', [0, 90], [91, null]),
      ...runs('at-work', [0, 60]),
      ...runs('localhost', [0, 70]),
    ];
    for (const run of all) await pluginRuns.save(run, tx);
  });
  const span = (from: number, to: number) => ({ startedAt: plusSeconds(begin, from), endedAt: plusSeconds(begin, to) });
  t.deepEqual(await pluginRuns.lastMaintained(sessionId, 9), [span(5, 50), span(0, 30)]);
  t.deepEqual(await pluginRuns.lastMaintained(sessionId, 1), [span(5, 50)]);
});

onEach('names are compared by their bytes', async (t, { repositories }) => {
  const { claims, database } = repositories;
  const claim = (sid: string, host: string) => database.transaction((tx) => claims.claim(sid, [host], tx));
  for (const [sid, host] of [
    ['1', 'compute'],
    ['2', 'Compute'],
    ['3', 'computé'],
  ] as const) {
    t.deepEqual(await claim(sid, host), { claimed: true });
    t.is(await claims.ownerOf(host), sid);
  }
});

onEach('text of any length the tables promise is kept whole', async (t, { repositories }) => {
  const { facts, outbox, database } = repositories;
  const message = '🧱'.repeat(10_000);
  const host = '🐄'.repeat(255);
  await database.transaction((tx) =>
    facts.record({ sessionId: 's', instanceId: 'i', host, code: 'c', message, at: NOON }, tx),
  );
  t.like((await facts.list('s'))[0], { host, message });
  const payload = { text: 'ß'.repeat(200_000) };
  const entry = {
    sessionId: 's',
    seq: 1,
    messageId: randomUUID(),
    eventType: 'e',
    payload,
    once: false,
    createdAt: NOON,
  };
  await database.transaction((tx) => outbox.add([entry], tx));
  t.deepEqual((await outbox.pending('s', 1))[0]?.payload, payload);
});

onEach('a transaction that throws leaves nothing behind', async (t, { repositories, stored }) => {
  const { sessions, database } = repositories;
  await stored();
  const failing = database.transaction(async (tx) => {
    await sessions.create(aSession(), tx);
    throw new FenixError('input', 'no', 'No.');
  });
  await t.throwsAsync(failing, { instanceOf: FenixError, code: 'no' });
  t.is((await sessions.ids()).length, 1);
});

for (const kind of databaseKinds) {
  test.serial(`${kind.name}: the schema goes up, down and up again, and says how it stands to this code`, async (t) => {
    const { database, close } = await kind.open({ schema: false });
    t.teardown(close);
    const migrator = new SchemaMigrator(database);
    t.like(await migrator.version(), { database: null, relation: 'older' });
    await t.throwsAsync(migrator.requireServed(), { instanceOf: FenixError, code: 'schema-older' });
    const names = await migrator.upgrade();
    t.like(await migrator.version(), { database: names.at(-1), code: names.at(-1), relation: 'equal', served: true });
    t.like(await migrator.requireServed(), { relation: 'equal' });
    t.deepEqual(await migrator.upgrade(), []);

    await database
      .knex('knex_migrations')
      .insert({ name: '9999-later', batch: 2, migration_time: '2026-01-01 00:00:00' });
    const settings = new SettingRepository(database);
    await settings.setSchemaServes('9000-meanwhile');
    await t.throwsAsync(migrator.requireServed(), { instanceOf: FenixError, code: 'schema-newer' });
    await settings.setSchemaServes(OLDEST_SERVED);
    t.like(await migrator.requireServed(), { relation: 'newer', served: true });
    await t.throwsAsync(migrator.upgrade(), { instanceOf: FenixError, code: 'schema-newer' });
    await database.knex('knex_migrations').where({ name: '9999-later' }).delete();

    t.deepEqual((await migrator.downgrade()).sort(), names);
    t.is((await migrator.version()).database, null);
    t.false(await database.knex.schema.hasTable('sessions'));
    t.deepEqual(await migrator.upgrade(), names);
  });
}

test('a database that is out of reach is a passing trouble', async (t) => {
  const mysql = { host: '127.0.0.1', port: 1, user: 'u', password: 'p', database: 'd' };
  await t.throwsAsync(Database.open({ kind: 'mysql', mysql }), {
    instanceOf: FenixError,
    code: 'database-unreachable',
  });
});

onEach('everything is frozen once, until it is thawed', async (t, { repositories, stored }) => {
  const { settings, sessions, database } = repositories;
  const { sessionId } = await stored();
  const freeze = { who: 'alice', since: NOON, why: null };
  t.is(await settings.frozen(), undefined);
  t.true(await settings.freeze(freeze, database.knex));
  t.false(await settings.freeze({ ...freeze, who: 'bob' }, database.knex));
  t.deepEqual(await settings.frozen(), freeze);
  t.true((await sessions.standing(sessionId))?.isFrozen);
  t.true(await settings.thaw(database.knex));
  t.false(await settings.thaw(database.knex));
  await settings.requireThawed(database.knex);
});

onEach(
  'what others committed meanwhile is seen inside a transaction: READ COMMITTED, on every connection',
  async (t, { repositories, other, stored }) => {
    // On SQLite both are one connection, which a transaction has for itself.
    t.pass();
    if (repositories.database === other.database) return;
    const { sessionId } = await stored();
    await Promise.all(
      Array.from({ length: 4 }, () =>
        repositories.database.transaction(async (tx) => {
          t.is((await repositories.sessions.get(sessionId, tx))?.sessionId, sessionId);
          const made = aSession();
          await other.database.transaction((theirs) => other.sessions.create(made, theirs));
          t.is((await repositories.sessions.get(made.sessionId, tx))?.sessionId, made.sessionId);
        }),
      ),
    );
  },
);

for (const kind of databaseKinds.filter(({ name }) => name === 'MariaDB')) {
  test(`${kind.name}: a connection that breaks within a transaction is an outage, also where nothing can be rolled back`, async (t) => {
    const opened = await kind.open({ schema: false });
    t.teardown(() => opened.close());
    const { database } = opened;
    const work = async (tx: Tx): Promise<void> => {
      const [[{ id }]] = await tx.raw('select connection_id() as id');
      await database.knex.raw('kill ?', [id]);
      await tx.raw('select 1');
    };
    t.true(isDatabaseTrouble(await t.throwsAsync(database.transaction(work))));
    const refused = async (tx: Tx): Promise<void> => {
      await work(tx).catch(() => undefined);
      throw new Error('Something else.');
    };
    t.true(isDatabaseTrouble(await t.throwsAsync(database.transaction(refused))));
    await database.ping();
  });
}

for (const kind of databaseKinds.filter(({ name }) => name === 'MariaDB')) {
  test(`${kind.name}: a process that stands still within a transaction does not keep a session from being taken over`, async (t) => {
    const opened = await kind.open();
    t.teardown(() => opened.close());
    const { database } = opened;
    const { sessions } = new Repositories(database);
    const session = aSession();
    await database.transaction((tx) => sessions.create(session, tx));
    let goOn = (): void => undefined;
    const standstill = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let isLocked = (): void => undefined;
    const locked = new Promise<void>((resolve) => {
      isLocked = resolve;
    });
    const stopped = database.transaction(async (tx) => {
      await sessions.lock(session.sessionId, tx);
      isLocked();
      await standstill;
      await sessions.lock(session.sessionId, tx);
    });
    await locked;
    const lease = await database.transaction(async (tx) => {
      await sessions.lock(session.sessionId, tx);
      return 'taken';
    });
    t.is(lease, 'taken');
    goOn();
    t.true(isDatabaseTrouble(await t.throwsAsync(stopped)));
  });
}

test('SQLite: a transaction that reads before it writes keeps others from overtaking it', async (t) => {
  const { database, settings, close } = await (databaseKinds[0] as DatabaseKind).open();
  t.teardown(close);
  const other = await Database.open(settings);
  t.teardown(() => other.close());
  // Else the whole process would stand still for five seconds.
  await other.knex.raw('pragma busy_timeout = 1');
  const { sessions } = new Repositories(database);
  const session = aSession();
  await database.transaction(async (tx) => {
    await sessions.ids(tx);
    const theirs = other.transaction((theirTx) => new Repositories(other).sessions.create(aSession(), theirTx));
    const refused: unknown = await theirs.catch((error: unknown) => error);
    t.like(refused, { code: 'SQLITE_BUSY' });
    await sessions.create(session, tx);
  });
  t.deepEqual(await sessions.ids(), [session.sessionId]);
});

onEach(
  'the last plans of each session are kept, in the order in which they were made',
  async (t, { repositories, stored }) => {
    const { sessionId } = await stored();
    const other = await stored();
    const keep = (id: string, packed: string, most: number) =>
      repositories.database.transaction((tx) =>
        repositories.fleetPlans.keep({ sessionId: id, at: NOON, packed }, most, tx),
      );
    await keep(other.sessionId, 'other', 2);
    for (const packed of ['one', 'two', 'three']) await keep(sessionId, packed, 2);
    t.deepEqual(await repositories.fleetPlans.list(sessionId), [
      { sessionId, seq: 2, at: NOON, packed: 'two' },
      { sessionId, seq: 3, at: NOON, packed: 'three' },
    ]);
    t.is((await repositories.fleetPlans.list(other.sessionId)).length, 1);
  },
);
