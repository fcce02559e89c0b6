import test, { type ExecutionContext } from 'ava';
import { ManualClock } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import { silentLogger } from '../../src/common/logger.js';
import type { Repositories } from '../../src/db/repositories.js';
import { LeaseLost } from '../../src/db/session-repository.js';
import { noteDelivery } from '../../src/engine/late-delivery.js';
import { OutboxPublisher } from '../../src/engine/outbox.js';
import { SessionWriter } from '../../src/engine/session-writer.js';
import { tellAdmin, transition } from '../../src/engine/transition.js';
import { type Notice, type OutboxEntry, SESSION_STATES, SESSION_TRANSITIONS } from '../../src/model/index.js';
import { aNotice, aSession, NOON } from '../support/api-records.js';
import { aDatabase, anOwnedSession, takeOver, until } from '../support/engine-session.js';
import { at } from '../support/engine-views.js';
import { ManualMachineClock } from '../support/manual-machine-clock.js';

async function aStory(t: ExecutionContext) {
  const repositories = await aDatabase(t);
  const { session, lease } = await anOwnedSession(repositories);
  const clock = new ManualClock(NOON);
  const raised: string[] = [];
  const writer = new SessionWriter(lease, repositories, clock, () => raised.push('notified'));
  const { sessionId } = session;
  const stored = () => repositories.database.knex('outbox').where({ session_id: sessionId }).orderBy('seq');
  return { repositories, session, sessionId, lease, clock, writer, raised, stored };
}

/** How many transactions there were from now on. */
function counted({ database }: Repositories): () => number {
  const transaction = database.transaction.bind(database);
  let calls = 0;
  database.transaction = (work) => {
    calls += 1;
    return transaction(work);
  };
  return () => calls;
}

test('session, history and notifications commit together, numbered without a gap in the order they were told', async (t) => {
  const { repositories, sessionId, writer, raised, stored } = await aStory(t);
  await writer.commit((unit) => {
    unit.tell('first', { n: 1 });
    unit.notify('maintenance.session', { n: 2 });
    unit.tell('third', {}, 'somebody');
    unit.patchSession({ percentDone: 10 });
    unit.patchSession({ state: 'SCALE_IN' });
  });
  await writer.commit((unit) => unit.notify('maintenance.host', { n: 4 }, { once: true }));
  const history = await repositories.history.list(sessionId);
  t.deepEqual(
    history.map(({ seq, who, what, at: when }) => [seq, who, what, when]),
    [
      [1, 'engine', 'first', NOON],
      [3, 'somebody', 'third', NOON],
    ],
  );
  const outbox = await repositories.outbox.pending(sessionId, 10);
  t.deepEqual(
    outbox.map(({ seq, eventType, once, attempts }) => [seq, eventType, once, attempts]),
    [
      [2, 'maintenance.session', false, 0],
      [4, 'maintenance.host', true, 0],
    ],
  );
  t.is(new Set((await stored()).map((row) => row.message_id)).size, 2);
  t.like(await repositories.sessions.get(sessionId), { percentDone: 10, state: 'SCALE_IN', seq: 4, updatedAt: NOON });
  t.deepEqual(raised, ['notified', 'notified']);
});

test('many commits at once run one after the other, each with its own numbers', async (t) => {
  const { repositories, sessionId, writer } = await aStory(t);
  await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      writer.commit((unit) => {
        unit.tell(`told ${n}`);
        unit.notify('maintenance.session', { n });
      }),
    ),
  );
  const history = (await repositories.history.list(sessionId)).map(({ seq, what }) => [seq, what]);
  t.deepEqual(
    history,
    Array.from({ length: 20 }, (_, n) => [2 * n + 1, `told ${n}`]),
  );
  t.is((await repositories.sessions.get(sessionId))?.seq, 40);
});

test('commits that come while one is under way share the next transaction, in their order', async (t) => {
  const { repositories, sessionId, writer, clock } = await aStory(t);
  const seen: unknown[] = [];
  const transactions = counted(repositories);
  await Promise.all([
    writer.commit((unit) => unit.tell('alone')),
    writer.commit((unit) => {
      unit.tell('patched');
      unit.patchSession({ percentDone: 30 });
      clock.advanceTo(at(5));
    }),
    writer.commit(async (unit) => {
      seen.push((await repositories.sessions.get(sessionId, unit.tx))?.percentDone, unit.now);
      unit.tell('third');
    }),
    writer.commit((unit) => unit.tell('fourth')),
  ]);
  t.is(transactions(), 2);
  t.deepEqual(seen, [30, at(5)], 'each sees what those before it did');
  t.deepEqual(
    (await repositories.history.list(sessionId)).map(({ seq, what, at: when }) => [seq, what, when]),
    [
      [1, 'alone', NOON],
      [2, 'patched', NOON],
      [3, 'third', at(5)],
      [4, 'fourth', at(5)],
    ],
  );
});

test('one of several that share a transaction takes nobody down with it', async (t) => {
  const { repositories, sessionId, writer } = await aStory(t);
  const refused = new FenixError('conflict', 'guard-moved', 'Somebody was faster.');
  const outcomes = await Promise.allSettled([
    writer.commit((unit) => unit.tell('first')),
    writer.commit((unit) => unit.tell('second')),
    writer.commit((unit) => {
      unit.tell('never');
      throw refused;
    }),
    writer.commit((unit) => {
      unit.tell('fourth');
      return 'done';
    }),
  ]);
  t.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason)),
    [undefined, undefined, refused, 'done'],
  );
  t.deepEqual(
    (await repositories.history.list(sessionId)).map(({ seq, what }) => [seq, what]),
    [
      [1, 'first'],
      [2, 'second'],
      [3, 'fourth'],
    ],
  );
});

test('a transaction that came to nothing with the database is not tried again by those who shared it', async (t) => {
  const { repositories, sessionId, writer } = await aStory(t);
  const away = Object.assign(new Error('Connection lost.'), { code: 'PROTOCOL_CONNECTION_LOST' });
  const transaction = repositories.database.transaction.bind(repositories.database);
  let calls = 0;
  repositories.database.transaction = async (work) => {
    calls += 1;
    if (calls === 2) throw away;
    return transaction(work);
  };
  const told = (what: string) => writer.commit((unit) => unit.tell(what));
  const [first, ...shared] = await Promise.allSettled(['first', 'second', 'third'].map(told));
  t.is(first?.status, 'fulfilled');
  for (const one of shared) t.like(one, { status: 'rejected', reason: away });
  t.is(calls, 2, 'whether it took effect is not known');
  t.deepEqual(
    (await repositories.history.list(sessionId)).map(({ what }) => what),
    ['first'],
  );
});

test('a commit whose work throws writes nothing, and the next one goes on', async (t) => {
  const { repositories, sessionId, writer, raised } = await aStory(t);
  const failing = writer.commit(async (unit) => {
    unit.tell('never');
    unit.notify('maintenance.session', {});
    await repositories.guards.read(['never'], unit.tx);
    throw new Error('thought better of it');
  });
  await t.throwsAsync(failing, { message: 'thought better of it' });
  t.deepEqual(await repositories.database.knex('guards'), []);
  await writer.commit((unit) => unit.tell('next'));
  t.deepEqual(
    (await repositories.history.list(sessionId)).map(({ seq, what }) => [seq, what]),
    [[1, 'next']],
  );
  t.deepEqual(raised, []);
});

test('whoever lost the lease writes nothing at all', async (t) => {
  const { repositories, sessionId, lease, writer, raised } = await aStory(t);
  await takeOver(repositories, lease, 'engine-b');
  const late = writer.commit(async (unit) => {
    unit.patchSession({ state: 'MAINTENANCE_DONE' });
    unit.tell('late');
    unit.notify('maintenance.session', {});
    await repositories.guards.read(['late'], unit.tx);
  });
  await t.throwsAsync(late, { instanceOf: LeaseLost });
  t.like(await repositories.sessions.get(sessionId), { state: 'MAINTENANCE', seq: 0 });
  t.deepEqual(await repositories.history.list(sessionId), []);
  t.deepEqual(await repositories.outbox.pending(sessionId, 10), []);
  t.deepEqual(await repositories.database.knex('guards'), []);
  t.deepEqual(raised, []);
});

test('a session takes every transition of the table, and no other', async (t) => {
  const { repositories, sessionId, writer } = await aStory(t);
  for (const from of SESSION_STATES) {
    for (const to of SESSION_STATES) {
      const before = aSession({ sessionId, state: from, percentDone: 40 });
      const reason = to === 'MAINTENANCE_FAILED' ? { reason: { code: 'test', message: 'A test.' } } : {};
      const step = { to, why: 'because', ...reason };
      const going = writer.commit((unit) => transition(unit, before, step, 'admins'));
      if (!SESSION_TRANSITIONS[from].includes(to)) {
        await t.throwsAsync(going, { code: 'transition-forbidden' }, `${from} to ${to}`);
        continue;
      }
      await going;
      t.like(
        await repositories.sessions.get(sessionId),
        {
          state: to,
          prevState: from,
          stateSince: NOON,
          failedIn: to === 'MAINTENANCE_FAILED' ? from : null,
          percentDone: to === 'MAINTENANCE_DONE' ? 100 : 40,
          waiting: null,
        },
        `${from} to ${to}`,
      );
    }
  }
});

test('a failure keeps its reason, and going on forgets it', async (t) => {
  const { repositories, session, sessionId, writer, clock } = await aStory(t);
  clock.advanceTo(at(5));
  const reason = { code: 'nack', message: 'No.', projectId: 'tenant' };
  await writer.commit((unit) => transition(unit, session, { to: 'MAINTENANCE_FAILED', why: 'No.', reason }, 'admins'));
  const failed = await repositories.sessions.get(sessionId);
  t.deepEqual(failed?.reason, { ...reason, at: at(5) });
  await writer.commit((unit) => transition(unit, failed as never, { to: 'MAINTENANCE', why: 'again' }, 'admins'));
  t.is((await repositories.sessions.get(sessionId))?.reason, null);
});

test('a transition tells the admin’s project state and percentage in the same commit', async (t) => {
  const { repositories, session, sessionId, writer } = await aStory(t);
  await writer.commit((unit) => transition(unit, session, { to: 'SCALE_IN', why: 'no room' }, 'admins'));
  await writer.commit((unit) => tellAdmin(unit, { sessionId, state: 'SCALE_IN', percentDone: 50 }, 'admins'));
  const payloads = (await repositories.outbox.pending(sessionId, 10)).map(({ payload }) => payload);
  t.like(payloads[0], { project_id: 'admins', state: 'SCALE_IN', percent_done: 0, session_id: sessionId });
  t.like(payloads[1], { state: 'SCALE_IN', percent_done: 50 });
  const [line] = await repositories.history.list(sessionId);
  t.like(line, { what: 'state', details: { from: 'MAINTENANCE', to: 'SCALE_IN', why: 'no room' } });
});

/** A broker that takes what it is given unless it is told otherwise. */
async function aPublisher(t: ExecutionContext) {
  const story = await aStory(t);
  const { repositories, sessionId, clock } = story;
  const machine = new ManualMachineClock();
  const tried: { readonly messageId: string; readonly n: unknown }[] = [];
  const troubles: Error[] = [];
  const delivered: string[] = [];
  const gate: { closed?: Promise<void> } = {};
  const publish = async ({ messageId, payload }: OutboxEntry): Promise<void> => {
    tried.push({ messageId, n: payload.n });
    await gate.closed;
    const trouble = troubles.shift();
    if (trouble !== undefined) throw trouble;
  };
  const lost: { yet?: LeaseLost } = {};
  const guard = {
    require: () => {
      if (lost.yet !== undefined) throw lost.yet;
    },
  };
  const onDelivered = () => delivered.push('delivered');
  const outbox = new OutboxPublisher(
    sessionId,
    repositories.outbox,
    publish,
    guard,
    noteDelivery(story.writer, repositories),
    clock,
    machine,
    onDelivered,
    silentLogger,
  );
  const stopping = new AbortController();
  const start = () => {
    const running = outbox.run(stopping.signal);
    t.teardown(async () => {
      stopping.abort();
      await running;
    });
    return running;
  };
  const notify = (n: number, once = false) =>
    story.writer.commit((unit) => unit.notify('maintenance.scheduled', { n }, { once }));
  const idle = () => until(async () => !outbox.hasPending);
  const numbers = () => tried.map(({ n }) => n);
  return { ...story, outbox, machine, tried, troubles, delivered, gate, lost, stopping, start, notify, idle, numbers };
}

const down = () => new FenixError('transient', 'broker-down', 'No broker.');
const unconfirmed = () => new FenixError('transient', 'unconfirmed', 'No word.', { inDoubt: true });

test('notifications go out in their order, however many there are, and only once', async (t) => {
  const { outbox, start, notify, idle, numbers, delivered, repositories, sessionId } = await aPublisher(t);
  for (let n = 1; n <= 120; n += 1) await notify(n);
  void start();
  await idle();
  await notify(121);
  outbox.raise();
  await idle();
  t.deepEqual(
    numbers(),
    Array.from({ length: 121 }, (_, n) => n + 1),
  );
  t.true(delivered.length > 0, 'silence of the projects counts again');
  t.deepEqual(await repositories.outbox.pending(sessionId, 1), []);
});

test('what an earlier life may have left counts as pending until it was looked for, once', async (t) => {
  const { outbox, repositories, sessionId, start, idle, notify, numbers, delivered } = await aPublisher(t);
  await notify(1);
  t.true(outbox.hasPending, 'whether or not anybody has said so');
  const pending = repositories.outbox.pending.bind(repositories.outbox);
  let looks = 0;
  repositories.outbox.pending = (...args) => {
    looks += 1;
    return pending(...args);
  };
  void start();
  await idle();
  t.deepEqual(numbers(), [1]);
  t.deepEqual(delivered, ['delivered']);
  t.is(looks, 1);
  outbox.raise();
  t.true(outbox.hasPending, 'somebody says that there may be something');
  await idle();
  t.is(looks, 2);
  t.deepEqual(await pending(sessionId, 1), []);
});

test('what the broker did not take goes out again under the same message_id, before whatever comes after it', async (t) => {
  const { machine, troubles, start, notify, idle, tried, numbers, outbox, stored } = await aPublisher(t);
  troubles.push(unconfirmed(), down(), new Error('what?'));
  await notify(1);
  await notify(2);
  void start();
  for (const waitMs of [250, 500, 1000]) {
    await until(() => machine.nextDueMs() !== undefined);
    t.true(outbox.hasPending);
    t.regex(String((await stored())[0].error), /No word|No broker|what/);
    t.is(machine.nextDueMs(), waitMs);
    machine.advanceMs(waitMs);
  }
  await idle();
  t.deepEqual(numbers(), [1, 1, 1, 1, 2]);
  t.is(new Set(tried.slice(0, 4).map(({ messageId }) => messageId)).size, 1);
  t.is((await stored())[0].error, null);
});

test('what managers act on per receipt is given up when it may have gone out; the reason stays to be read', async (t) => {
  const { machine, troubles, start, notify, idle, numbers, stored } = await aPublisher(t);
  troubles.push(unconfirmed());
  await notify(1, true);
  await notify(2);
  void start();
  await until(() => machine.nextDueMs() !== undefined);
  machine.advanceMs(250);
  await idle();
  t.deepEqual(numbers(), [1, 2]);
  t.is((await stored())[0].error, 'No word.');
});

test('what managers act on per receipt is tried again when it certainly did not go out', async (t) => {
  const { machine, troubles, start, notify, idle, numbers } = await aPublisher(t);
  troubles.push(down(), down());
  await notify(1, true);
  void start();
  for (const waitMs of [250, 500]) {
    await until(() => machine.nextDueMs() === waitMs);
    machine.advanceMs(waitMs);
  }
  await idle();
  t.deepEqual(numbers(), [1, 1, 1]);
});

test('what an earlier life had begun to publish: acted on per receipt it is left, anything else goes out', async (t) => {
  const { repositories, sessionId, start, notify, idle, numbers } = await aPublisher(t);
  await notify(1, true);
  await notify(2);
  for (const { outboxId } of await repositories.outbox.pending(sessionId, 10)) {
    t.true(await repositories.outbox.markAttempt(outboxId, 1));
  }
  void start();
  await idle();
  t.deepEqual(numbers(), [2]);
});

test('of two engines that publish the same entry one does', async (t) => {
  const { repositories, sessionId, notify } = await aPublisher(t);
  await notify(1, true);
  const [entry] = await repositories.outbox.pending(sessionId, 1);
  const mark = () => repositories.outbox.markAttempt(entry?.outboxId as number, 1);
  t.deepEqual((await Promise.all([mark(), mark()])).sort(), [false, true]);
});

test('stopped in the middle, what is under way is finished and the rest stays for the next engine', async (t) => {
  const { stopping, gate, start, notify, numbers, repositories, sessionId } = await aPublisher(t);
  await notify(1);
  await notify(2);
  let open = (): void => undefined;
  gate.closed = new Promise((resolve) => {
    open = resolve;
  });
  const running = start();
  await until(() => numbers().length === 1);
  stopping.abort();
  open();
  await running;
  t.deepEqual(numbers(), [1]);
  t.deepEqual(
    (await repositories.outbox.pending(sessionId, 10)).map(({ payload }) => payload.n),
    [2],
  );
});

test('stopped while it waits for a broker that is away, it ends at once', async (t) => {
  const { machine, stopping, troubles, start, notify, outbox } = await aPublisher(t);
  troubles.push(down());
  await notify(1);
  const running = start();
  await until(() => machine.nextDueMs() !== undefined);
  stopping.abort();
  await running;
  t.true(outbox.hasPending);
});

test('an engine whose lease has ended publishes nothing more and writes nothing about it', async (t) => {
  const { lost, start, notify, tried, stored } = await aPublisher(t);
  await notify(1);
  lost.yet = new LeaseLost('its sessions');
  await start();
  t.deepEqual(tried, []);
  t.like((await stored())[0], { attempts: 0, error: null, published_at: null });
});

test('a notice that goes out late leaves its project as much time for the answer as it would have had', async (t) => {
  const { repositories, sessionId, clock, writer, start, idle } = await aPublisher(t);
  const notice = { sessionId, projectId: 'tenant', openedAt: NOON, replyAt: at(40), actionsAt: at(60) };
  await writer.commit(async (unit) => {
    const insert = (noticeId: number, more: Partial<Notice>): Promise<void> =>
      repositories.notices.insert(aNotice({ ...notice, noticeId, ...more }), unit.tx);
    await insert(1, { state: 'SCALE_IN' });
    await insert(2, { state: 'MAINTENANCE' });
    await insert(3, { state: 'SCALE_IN', projectId: 'other' });
    await insert(4, { state: 'SCALE_IN', closedAt: NOON, outcome: 'ack' });
    unit.notify('maintenance.scheduled', { project_id: 'tenant', state: 'SCALE_IN' }, { once: true });
    unit.notify('maintenance.session', { project_id: 'admins', state: 'SCALE_IN' });
  });
  clock.advanceTo(at(100));
  void start();
  await idle();
  const windows = (await repositories.notices.list(sessionId)).map(({ replyAt, actionsAt }) => [replyAt, actionsAt]);
  const asTold = [at(40), at(60)];
  t.deepEqual(windows, [[at(140), at(160)], asTold, asTold, asTold]);
  const told = await repositories.history.list(sessionId);
  t.like(told, [{ what: 'notice-extended', details: { noticeId: 1, lateS: 100 } }]);
});
