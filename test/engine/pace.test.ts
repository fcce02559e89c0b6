import test, { type ExecutionContext } from 'ava';
import { ManualClock, plusSeconds } from '../../src/common/clock.js';
import { Stopped } from '../../src/common/errors.js';
import { Wake } from '../../src/common/wake.js';
import { LearnedWatch } from '../../src/engine/learned.js';
import { Pace } from '../../src/engine/pace.js';
import { NOON } from '../support/api-records.js';
import { aDatabase, anOwnedSession, ENGINE_SETTINGS, until } from '../support/engine-session.js';
import { ManualMachineClock } from '../support/manual-machine-clock.js';

const LATER = plusSeconds(NOON, 60);

function aPace(turnPaceMs = 1000) {
  const clock = new ManualClock(NOON);
  const machine = new ManualMachineClock();
  const stopping = new AbortController();
  const wake = new Wake();
  const pace = new Pace(
    { clock, machine, settings: { ...ENGINE_SETTINGS, turnPaceMs }, stopping: stopping.signal },
    wake,
  );
  const ended: string[] = [];
  const rest = (): Promise<void> => pace.rest(LATER).then(() => void ended.push('rested'));
  return { clock, machine, stopping, wake, pace, ended, rest };
}

test('after a short turn whoever is woken looks at once', async (t) => {
  const { machine, wake, pace, rest } = aPace();
  pace.begin();
  machine.advanceMs(19);
  const resting = rest();
  wake.raise();
  await resting;
  t.is(machine.nextDueMs(), undefined);
});

for (const [turnMs, restMs] of [
  [20, 20],
  [700, 700],
  [5000, 1000],
] as const) {
  test(`after a turn of ${turnMs} ms what comes within ${restMs} ms is looked at together`, async (t) => {
    const { machine, wake, pace, ended, rest } = aPace();
    pace.begin();
    machine.advanceMs(turnMs);
    const resting = rest();
    wake.raise();
    await until(() => machine.nextDueMs() !== undefined);
    t.is(machine.nextDueMs(), restMs);
    wake.raise();
    t.deepEqual(ended, []);
    machine.advanceMs(restMs);
    await resting;
  });
}

test('a turn that waited for a slow cloud is no long one', async (t) => {
  const { machine, wake, pace, rest } = aPace();
  pace.begin();
  machine.waitMs(900);
  machine.advanceMs(19);
  const resting = rest();
  wake.raise();
  await resting;
  t.is(machine.nextDueMs(), undefined);
});

test('where no pace is wanted, whoever is woken looks at once', async (t) => {
  const { machine, wake, pace, rest } = aPace(0);
  pace.begin();
  machine.advanceMs(5000);
  const resting = rest();
  wake.raise();
  await resting;
  t.is(machine.nextDueMs(), undefined);
});

test('a deadline that has come is not put off, however long the turn before it took', async (t) => {
  const { clock, machine, pace, ended, rest } = aPace();
  pace.begin();
  machine.advanceMs(500);
  const resting = rest();
  clock.advanceTo(LATER);
  await resting;
  t.deepEqual(ended, ['rested']);
});

test('whoever has to let go rests no longer', async (t) => {
  const { machine, stopping, wake, pace, rest } = aPace();
  pace.begin();
  machine.advanceMs(500);
  const resting = rest();
  wake.raise();
  await until(() => machine.nextDueMs() !== undefined);
  stopping.abort();
  await t.throwsAsync(resting, { instanceOf: Stopped });
});

test('what a session has learned is read anew every half minute, not with every plan', async (t: ExecutionContext) => {
  const repositories = await aDatabase(t);
  const { session } = await anOwnedSession(repositories);
  const { sessionId } = session;
  const clock = new ManualClock(NOON);
  const learned = new LearnedWatch({ repositories, sessionId, clock });
  t.deepEqual((await learned.read()).moves, new Map());
  const impact = { sessionId, instanceId: 'i1', attempt: 1, projectId: 'p', groupId: 'g', action: 'MIGRATE' } as const;
  const where = { sourceHost: 'c1', targetHost: 'c2', vcpus: 1, memoryMb: 1, diskGb: 1 };
  const when = { startedAt: NOON, endedAt: null, recoveredAt: null };
  const { knex } = repositories.database;
  await repositories.impacts.insert({ ...impact, ...where, ...when }, knex);
  await repositories.impacts.end(impact, plusSeconds(NOON, 42), plusSeconds(NOON, 42), knex);
  clock.advanceTo(plusSeconds(NOON, 29));
  t.deepEqual((await learned.read()).moves, new Map());
  clock.advanceTo(plusSeconds(NOON, 30));
  t.deepEqual((await learned.read()).moves, new Map([['MIGRATE', 42]]));
});
