import test, { type ExecutionContext } from 'ava';
import { silentLogger } from '../../src/common/logger.js';
import { SharedInstant } from '../../src/common/shared-instant.js';
import { LeaseLost } from '../../src/db/session-repository.js';
import { RenewalLoop } from '../../src/engine/heartbeat.js';
import { LeaseGuard } from '../../src/engine/lease-guard.js';
import { LeaseKeeper } from '../../src/engine/ownership.js';
import { anEngine, endLease } from '../support/api-records.js';
import { aDatabase, until } from '../support/engine-session.js';
import { ManualMachineClock } from '../support/manual-machine-clock.js';

/** A lease of 30 seconds that was asked for at `askedMs`. */
function aGuard(machine = new ManualMachineClock(), askedMs = 0) {
  const renewed = new SharedInstant();
  renewed.set(askedMs);
  return { machine, renewed, guard: new LeaseGuard('engine-a', 30, machine, renewed) };
}

test('an owner believes in its lease for less than its length, counted from before it asked', (t) => {
  const { machine, guard } = aGuard(undefined, 1000);
  machine.advanceMs(24_999);
  t.true(guard.holds);
  guard.require();
  machine.advanceMs(1);
  t.false(guard.holds);
  t.throws(() => guard.require(), { instanceOf: LeaseLost });
});

test('a renewal counts from when it was asked for, and never backwards', (t) => {
  const { machine, renewed, guard } = aGuard();
  machine.advanceMs(20_000);
  renewed.set(15_000);
  renewed.set(10_000);
  machine.advanceMs(18_999);
  t.true(guard.holds);
  machine.advanceMs(1);
  t.false(guard.holds);
});

test('what its owner saw end stays ended: a late answer revives nothing', (t) => {
  const { machine, renewed, guard } = aGuard();
  machine.advanceMs(24_000);
  t.false(guard.holds);
  renewed.set(23_000);
  t.false(guard.holds);
});

test('a renewal that another thread made while nobody looked counts', (t) => {
  const { machine, renewed, guard } = aGuard();
  machine.advanceMs(40_000);
  new SharedInstant(renewed.buffer).set(38_000);
  t.true(guard.holds);
  t.is(guard.leftMs, 22_000);
});

/** A keeper of one engine's lease, whose database can be made to fail, to hang or to be slow. */
async function aKeeper(t: ExecutionContext) {
  const repositories = await aDatabase(t);
  const { engines } = repositories;
  await engines.register(anEngine('engine-a'), 1000);
  const { machine, renewed, guard } = aGuard();
  const life = { engineId: 'engine-a', renewed, alive: new SharedInstant() };
  const trouble: { renew?: () => Promise<never>; slowMs?: number } = {};
  let renewals = 0;
  const renew = async (engineId: string, leaseS: number): Promise<boolean> => {
    await trouble.renew?.();
    const held = await engines.renew(engineId, leaseS);
    machine.advanceMs(trouble.slowMs ?? 0);
    renewals += 1;
    return held;
  };
  const loop = new RenewalLoop({ renew }, machine, { leaseS: 30, heartbeatS: 5, hungS: 12 }, silentLogger);
  const keeper = new LeaseKeeper(loop, machine, 5);
  const stopping = new AbortController();
  t.teardown(() => stopping.abort());
  const keep = () => keeper.keep(life, guard, stopping.signal);
  /** To the next instant somebody waits for. */
  const step = async () => {
    await until(() => machine.nextDueMs() !== undefined);
    machine.advanceMs(machine.nextDueMs() as number);
  };
  return { repositories, machine, guard, life, loop, trouble, stopping, keep, step, renewals: () => renewals };
}

test('heartbeats keep a lease for as long as the database prolongs it', async (t) => {
  const { machine, guard, keep, stopping, renewals } = await aKeeper(t);
  const kept = keep();
  for (let beat = 1; beat <= 20; beat += 1) {
    await until(() => machine.nextDueMs() === 5000);
    machine.advanceMs(5000);
    await until(() => renewals() === beat);
  }
  t.true(guard.holds);
  stopping.abort();
  t.is(await kept, 'stopped');
});

const troubles: Readonly<Record<string, () => Promise<never>>> = {
  'renewals that fail': () => Promise.reject(new Error('the database is away')),
  'a database that never answers': () => new Promise(() => undefined),
};
for (const [title, renew] of Object.entries(troubles)) {
  test(`${title}: everything is let go as soon as the lease may not be believed in`, async (t) => {
    const { machine, keep, step, trouble } = await aKeeper(t);
    trouble.renew = renew;
    let outcome: string | undefined;
    void keep().then((end) => {
      outcome = end;
    });
    while (outcome === undefined && machine.monotonicMs() < 60_000) {
      await until(() => outcome !== undefined || machine.nextDueMs() !== undefined);
      if (outcome === undefined) await step();
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    t.is(outcome, 'lost');
    t.is(machine.monotonicMs(), 24_000);
  });
}

test('an engine whose lease another one has taken lets everything go at its next heartbeat', async (t) => {
  const { repositories, machine, guard, keep } = await aKeeper(t);
  const kept = keep();
  await endLease(repositories.database, 'engine-a');
  await repositories.engines.expire();
  await until(() => machine.nextDueMs() === 5000);
  machine.advanceMs(5000);
  t.is(await kept, 'lost');
  t.false(guard.holds);
});

test('a slow answer counts from when it was asked for', async (t) => {
  const { machine, guard, life, loop, trouble, stopping, renewals } = await aKeeper(t);
  trouble.slowMs = 7000;
  void loop.run(life, stopping.signal);
  await until(() => machine.nextDueMs() === 5000);
  machine.advanceMs(5000);
  await until(() => renewals() === 1 && machine.nextDueMs() === 5000);
  t.is(guard.leftMs, 17_000);
});

test('a main thread that gives no sign of life for long is not kept alive by its heartbeat', async (t) => {
  const { machine, life, loop, stopping, step, renewals } = await aKeeper(t);
  void loop.run(life, stopping.signal);
  for (let beat = 1; beat <= 4; beat += 1) {
    await step();
    await until(() => machine.nextDueMs() === 5000);
  }
  t.is(renewals(), 2, 'at 5 and 10 seconds, not after 12');
  life.alive.set(machine.monotonicMs());
  await step();
  await until(() => renewals() === 3);
  t.pass();
});
