import test, { type ExecutionContext } from 'ava';
import { FenixError, Stopped } from '../../src/common/errors.js';
import { lastCheck } from '../../src/common/last-check.js';
import type { Repositories } from '../../src/db/repositories.js';
import { LeaseLost } from '../../src/db/session-repository.js';
import type { JournaledWrite } from '../../src/workflow/contract.js';
import { aDatabase, aLife, anOwnedSession, type Life, takeOver, until } from '../support/engine-session.js';

/** A world with one thing in it that a write can do, and how it answers. */
class World implements JournaledWrite {
  conflictPasses = false;
  isDone = false;
  readonly calls: string[] = [];
  /** What the next requests do, one after the other; after them all succeed. */
  answers: (() => void)[] = [];
  probeAnswers: (() => void)[] = [];

  async run(): Promise<void> {
    this.calls.push('run');
    this.answers.shift()?.();
    this.isDone = true;
  }

  async probe(): Promise<boolean> {
    this.calls.push('probe');
    this.probeAnswers.shift()?.();
    return this.isDone;
  }
}

const refusing = (error: Error) => (): never => {
  throw error;
};
const busy = new FenixError('transient', 'nova-busy', 'Nova is busy.');
const noAnswer = new FenixError('transient', 'time-out', 'No answer.', { inDoubt: true });
const conflict = new FenixError('conflict', 'wrong-state', 'Not in this state.');

/** Nobody renews leases here: they last. */
const settings = { leaseS: 100_000 };

async function aStory(t: ExecutionContext) {
  const repositories = await aDatabase(t);
  const { session, lease } = await anOwnedSession(repositories);
  const key = { sessionId: session.sessionId, subject: 'i1', action: 'move/migrate', attempt: 1 };
  const world = new World();
  const life = aLife(repositories, { session, lease, settings });
  const entry = () => repositories.journal.find(key);
  /** The engine dies without a word; another one goes on. */
  const nextLife = async (): Promise<Life> =>
    aLife(repositories, { session, lease: await takeOver(repositories, lease, 'engine-b'), settings });
  return { repositories, key, world, life, entry, nextLife };
}

/** Whoever sleeps on machine time. */
const sleeping = (life: Life) => until(() => life.machine.nextDueMs() !== undefined);

/** Passes machine time whenever somebody waits for it, until `work` has ended. @returns the waits in milliseconds */
async function throughWaits(life: Life, work: Promise<unknown>): Promise<number[]> {
  const waits: number[] = [];
  let isOver = false;
  const over = work.then(
    () => {
      isOver = true;
    },
    () => {
      isOver = true;
    },
  );
  await until(() => {
    const due = life.machine.nextDueMs();
    if (due !== undefined) {
      waits.push(due);
      life.machine.advanceMs(due);
    }
    return isOver;
  });
  await over;
  return waits;
}

/** The process is gone right after its request: the promise never settles, nothing more is written. */
async function crashDuring(
  repositories: Repositories,
  life: Life,
  key: Parameters<Life['context']['journal']['once']>[0],
  effect: () => void,
) {
  let reached = false;
  void life.context.journal.once(key, {
    run: () => {
      effect();
      reached = true;
      return new Promise(() => undefined);
    },
    probe: () => Promise.reject(new Error('a dead engine asks nothing')),
  });
  await until(() => reached);
  return repositories.journal.find(key);
}

const age = (repositories: Repositories, seconds: number) =>
  repositories.database.knex('journal').update({ begun_at: repositories.database.nowPlus(-seconds) });

test('the intent is in the database before the world is asked, and the outcome after', async (t) => {
  const { life, key, entry } = await aStory(t);
  let seen: unknown;
  await life.context.journal.once(key, {
    before: async () => ({ migration: 'm7' }),
    run: async () => {
      seen = await entry();
    },
    probe: async () => false,
  });
  t.like(seen, { state: 'begun', kind: 'step', intent: { before: { migration: 'm7' } }, runs: 1, timeoutS: 60 });
  t.like(await entry(), { state: 'done', runs: 1 });
});

test('however often it is asked for, also by the next engine, it is done once', async (t) => {
  const { life, key, world, nextLife } = await aStory(t);
  await life.context.journal.once(key, world);
  await life.context.journal.once(key, world);
  await (await nextLife()).context.journal.once(key, world);
  t.deepEqual(world.calls, ['run']);
});

test('another attempt is another write', async (t) => {
  const { life, key, world } = await aStory(t);
  await life.context.journal.once(key, world);
  await life.context.journal.once({ ...key, attempt: 2 }, world);
  t.deepEqual(world.calls, ['run', 'run']);
});

test('a crash after the world did it: the next engine asks the world and does nothing', async (t) => {
  const { repositories, life, key, world, entry, nextLife } = await aStory(t);
  t.like(
    await crashDuring(repositories, life, key, () => {
      world.isDone = true;
    }),
    { state: 'begun' },
  );
  await (await nextLife()).context.journal.once(key, world);
  t.deepEqual(world.calls, ['probe']);
  t.like(await entry(), { state: 'done', runs: 1 });
});

test('a crash before the world did it: done again only when the first request can no longer arrive', async (t) => {
  const { repositories, life, key, world, entry, nextLife } = await aStory(t);
  await crashDuring(repositories, life, key, () => undefined);
  await age(repositories, 20);
  const next = await nextLife();
  const work = next.context.journal.once(key, world);
  await sleeping(next);
  t.deepEqual(world.calls, ['probe']);
  const left = next.machine.nextDueMs() as number;
  t.true(left > 39_000 && left <= 40_000, `${left} ms of the 60 s are left`);
  next.machine.advanceMs(left - 1);
  t.deepEqual(world.calls, ['probe']);
  next.machine.advanceMs(1);
  await work;
  t.deepEqual(world.calls, ['probe', 'probe', 'run']);
  t.like(await entry(), { state: 'done', runs: 2 });
});

test('a first request that arrives while the next engine waits is seen by the second probe', async (t) => {
  const { repositories, life, key, world, entry, nextLife } = await aStory(t);
  await crashDuring(repositories, life, key, () => undefined);
  const next = await nextLife();
  const work = next.context.journal.once(key, world);
  await sleeping(next);
  world.isDone = true;
  await throughWaits(next, work);
  t.deepEqual(world.calls, ['probe', 'probe']);
  t.like(await entry(), { state: 'done', runs: 1 });
});

test('an entry older than its request’s time-out needs no wait', async (t) => {
  const { repositories, life, key, world, entry, nextLife } = await aStory(t);
  await crashDuring(repositories, life, key, () => undefined);
  await age(repositories, 3600);
  await (await nextLife()).context.journal.once(key, world);
  t.deepEqual(world.calls, ['probe', 'probe', 'run']);
  t.like(await entry(), { runs: 2 });
});

test('no answer and done: the world is asked, not told again', async (t) => {
  const { life, key, world, entry } = await aStory(t);
  world.answers = [
    () => {
      world.isDone = true;
      throw noAnswer;
    },
  ];
  await life.context.journal.once(key, world);
  t.deepEqual(world.calls, ['run', 'probe']);
  t.like(await entry(), { state: 'done', runs: 1 });
});

test('no answer and not done: after the request’s time-out it is done again under the same entry', async (t) => {
  const { life, key, world, entry } = await aStory(t);
  world.answers = [refusing(noAnswer)];
  t.deepEqual(await throughWaits(life, life.context.journal.once(key, world)), [60_000]);
  t.deepEqual(world.calls, ['run', 'probe', 'probe', 'run']);
  t.like(await entry(), { state: 'done', runs: 2 });
});

test('a cloud that never answers is not asked for ever', async (t) => {
  const { life, key, world, entry } = await aStory(t);
  world.answers = Array.from({ length: 50 }, () => refusing(noAnswer));
  const work = t.throwsAsync(life.context.journal.once(key, world), { code: 'no-answer' });
  await throughWaits(life, work);
  t.is(world.calls.filter((call) => call === 'run').length, 10);
  t.like(await entry(), { state: 'refused', runs: 10 });
});

test('a conflict may mean that it happened: then it is done', async (t) => {
  const { life, key, world, entry } = await aStory(t);
  world.answers = [
    () => {
      world.isDone = true;
      throw conflict;
    },
  ];
  await life.context.journal.once(key, world);
  t.deepEqual(world.calls, ['run', 'probe']);
  t.like(await entry(), { state: 'done' });
});

test('a conflict that stands is a refusal, thrown again in the next life without asking anybody', async (t) => {
  const { life, key, world, entry, nextLife } = await aStory(t);
  world.answers = [refusing(conflict)];
  const expected = { instanceOf: FenixError, code: 'wrong-state', message: 'Not in this state.' };
  t.is((await t.throwsAsync(life.context.journal.once(key, world), expected))?.kind, 'conflict');
  t.like(await entry(), { state: 'refused', outcome: { code: 'wrong-state', kind: 'conflict' } });
  const again = await t.throwsAsync((await nextLife()).context.journal.once(key, world), expected);
  t.is(again?.kind, 'conflict');
  t.deepEqual(world.calls, ['run', 'probe']);
});

test('a conflict that may pass is asked about again, later and later', async (t) => {
  const { life, key, world, entry } = await aStory(t);
  world.conflictPasses = true;
  world.answers = [refusing(conflict), refusing(conflict)];
  t.deepEqual(await throughWaits(life, life.context.journal.once(key, world)), [500, 1000]);
  t.like(await entry(), { state: 'done', runs: 3 });
});

test('a conflict that never passes is a refusal in the end', async (t) => {
  const { life, key, world, entry } = await aStory(t);
  world.answers = Array.from({ length: 50 }, () => refusing(conflict));
  world.conflictPasses = true;
  await throughWaits(life, t.throwsAsync(life.context.journal.once(key, world), { code: 'wrong-state' }));
  t.like(await entry(), { state: 'refused', runs: 10 });
});

test('a conflict is not taken for a refusal because the world could not be asked', async (t) => {
  const { life, key, world, entry } = await aStory(t);
  world.answers = [
    () => {
      world.isDone = true;
      throw conflict;
    },
  ];
  world.probeAnswers = [refusing(busy), refusing(noAnswer)];
  t.deepEqual(await throughWaits(life, life.context.journal.once(key, world)), [500, 1000]);
  t.like(await entry(), { state: 'done', runs: 1 });
});

test('what is turned away for the moment is tried again, later and later', async (t) => {
  const { life, key, world, entry } = await aStory(t);
  world.answers = [refusing(busy), refusing(busy), refusing(busy)];
  t.deepEqual(await throughWaits(life, life.context.journal.once(key, world)), [500, 1000, 2000]);
  t.like(await entry(), { state: 'done', runs: 4 });
});

test('Retry-After is honoured', async (t) => {
  const { life, key, world } = await aStory(t);
  world.answers = [refusing(new FenixError('overload', 'too-many', 'Slow down.', { retryAfterS: 17 }))];
  t.deepEqual(await throughWaits(life, life.context.journal.once(key, world)), [17_000]);
});

test('tries have an end; the refusal is then final, whatever kind it was', async (t) => {
  const { life, key, world, entry } = await aStory(t);
  world.answers = Array.from({ length: 50 }, () => refusing(busy));
  const work = t.throwsAsync(life.context.journal.once(key, world), { instanceOf: FenixError, code: 'nova-busy' });
  const waits = await throughWaits(life, work);
  t.is(waits.length, 9);
  t.is(Math.max(...waits), 30_000);
  t.is((await work)?.retryable, false);
  t.like(await entry(), { state: 'refused', runs: 10, outcome: { code: 'nova-busy', kind: 'terminal' } });
});

test('reading the world before the intent is tried again; nothing is written meanwhile', async (t) => {
  const { life, key, entry } = await aStory(t);
  let reads = 0;
  const write = {
    before: async () => {
      reads += 1;
      if (reads === 1) throw busy;
      return { reads };
    },
    run: async () => undefined,
    probe: async () => false,
  };
  const work = life.context.journal.once(key, write);
  await sleeping(life);
  t.is(await entry(), undefined);
  await throughWaits(life, work);
  t.like(await entry(), { state: 'done', intent: { before: { reads: 2 } } });
});

test('told to stop during a wait, the entry stays begun for whoever comes next', async (t) => {
  const { life, key, world, entry, nextLife } = await aStory(t);
  world.answers = [refusing(busy)];
  const work = life.context.journal.once(key, world);
  await sleeping(life);
  life.stop();
  await t.throwsAsync(work, { instanceOf: Stopped });
  t.like(await entry(), { state: 'begun', runs: 1 });
  const next = await nextLife();
  await throughWaits(next, next.context.journal.once(key, world));
  t.deepEqual(world.calls, ['run', 'probe', 'probe', 'run']);
});

test('told to stop before, nothing begins', async (t) => {
  const { life, key, world, entry } = await aStory(t);
  life.stop();
  await t.throwsAsync(life.context.journal.once(key, world), { instanceOf: Stopped });
  t.is(await entry(), undefined);
});

test('an engine whose lease may have ended asks the world for nothing', async (t) => {
  const { life, key, world, entry } = await aStory(t);
  life.machine.advanceMs(80_000_000);
  await t.throwsAsync(life.context.journal.once(key, world), { instanceOf: LeaseLost });
  t.deepEqual(world.calls, []);
  t.like(await entry(), { state: 'begun' });
});

test('a lease that ends between the decision and the sending of its request ends the request', async (t) => {
  const { life, key, world, entry } = await aStory(t);
  const run = async (): Promise<void> => {
    // As long as it takes to read the server first, or as the whole process stands still.
    life.machine.advanceMs(80_000_000);
    lastCheck();
    world.calls.push('sent');
  };
  await t.throwsAsync(life.context.journal.once(key, { run, probe: async () => false }), { instanceOf: LeaseLost });
  t.deepEqual(world.calls, []);
  t.like(await entry(), { state: 'begun' });
});

test('an engine whose session another one owns writes no intent, so does nothing', async (t) => {
  const { life, key, world, entry, nextLife } = await aStory(t);
  await nextLife();
  await t.throwsAsync(life.context.journal.once(key, world), { instanceOf: LeaseLost });
  t.deepEqual(world.calls, []);
  t.is(await entry(), undefined);
});

test('an error that is no answer of the cloud leaves the entry in doubt', async (t) => {
  const { life, key, world, entry } = await aStory(t);
  world.answers = [refusing(new TypeError('a bug'))];
  await t.throwsAsync(life.context.journal.once(key, world), { instanceOf: TypeError });
  t.like(await entry(), { state: 'begun' });
});
