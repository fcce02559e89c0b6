import test, { type ExecutionContext } from 'ava';
import { ManualClock } from '../../src/common/clock.js';
import { silentLogger } from '../../src/common/logger.js';
import type { Repositories } from '../../src/db/repositories.js';
import { LeaseLost } from '../../src/db/session-repository.js';
import { admit, type ImpactRequest } from '../../src/engine/admission.js';
import { moveInstance } from '../../src/engine/decisions/move-instance.js';
import { LeaseGuard } from '../../src/engine/lease-guard.js';
import { LeaseKeeper, type Owned } from '../../src/engine/ownership.js';
import { SessionWriter } from '../../src/engine/session-writer.js';
import type { Server } from '../../src/workflow/cloud-port.js';
import { NOON } from '../support/api-records.js';
import {
  aDatabase,
  addInstanceAction,
  aLife,
  anOwnedSession,
  ENGINE_SETTINGS,
  takeOver,
  until,
} from '../support/engine-session.js';
import { aServer, at, aView, SMALL } from '../support/engine-views.js';
import { ManualMachineClock } from '../support/manual-machine-clock.js';

/** Two engines with a session each, on one database. */
async function twoSessions(t: ExecutionContext) {
  const repositories = await aDatabase(t);
  const clock = new ManualClock(NOON);
  const owner = async (engineId: string) => {
    const { lease } = await anOwnedSession(repositories, engineId);
    return new SessionWriter(lease, repositories, clock, () => undefined);
  };
  return { repositories, clock, one: await owner('engine-a'), two: await owner('engine-b') };
}

const wish = (instanceId: string, overrides: Partial<ImpactRequest> = {}): ImpactRequest => ({
  instanceId,
  attempt: 1,
  projectId: 'tenant',
  group: { groupId: 'group', maxImpacted: 1, recoveryTimeS: 60, broken: [], maxPerHost: 0, members: [] },
  action: 'MIGRATE',
  sourceHost: 'c1',
  targetHost: 'c2',
  resources: SMALL,
  ...overrides,
});

const grant = (
  repositories: Repositories,
  writer: SessionWriter,
  request: ImpactRequest,
  servers: readonly Server[] = [],
) => writer.commit((unit) => admit(unit, repositories, aView({ servers }).cloud, request));

const roomy = (groupId: string) => ({
  groupId,
  maxImpacted: 100,
  recoveryTimeS: 0,
  broken: [],
  maxPerHost: 0,
  members: [],
});

test('two sessions that want the last place of one group at once: one gets it', async (t) => {
  const { repositories, one, two } = await twoSessions(t);
  const answers = await Promise.all([
    grant(repositories, one, wish('i1')),
    grant(repositories, two, wish('i2', { targetHost: 'c3' })),
  ]);
  t.deepEqual(answers.map((answer) => answer?.because).sort(), ['group-limit', undefined]);
  t.is((await repositories.impacts.active(NOON)).length, 1);
});

test('who decided on a reading that another engine has overtaken is told to read again, and leaves nothing', async (t) => {
  const { repositories, one } = await twoSessions(t);
  await grant(repositories, one, wish('i1', { group: roomy('group') }));
  const overtaken = one.commit(async (unit) => {
    const { guards } = repositories;
    // The other engine's transaction commits between our reading and our writing.
    const read = guards.read.bind(guards);
    const slow = Object.assign(Object.create(repositories), {
      guards: Object.assign(Object.create(guards), {
        read: async (keys: string[]) => {
          const versions = await read(keys, unit.tx);
          await guards.move(await read([`host:c2`], unit.tx), unit.tx);
          return versions;
        },
      }),
    });
    return admit(unit, slow, aView().cloud, wish('i2', { group: roomy('group') }));
  });
  await t.throwsAsync(overtaken, { code: 'guard-moved' });
  t.deepEqual(
    (await repositories.impacts.active(NOON)).map(({ instanceId }) => instanceId),
    ['i1'],
  );
});

test('a grant moves the guards of its group and its target, and no other', async (t) => {
  const { repositories, one } = await twoSessions(t);
  await grant(repositories, one, wish('i1'));
  await grant(repositories, one, wish('i2', { targetHost: null, group: roomy('other') }));
  const guards = await repositories.database.knex('guards').orderBy('guard_key');
  t.deepEqual(
    guards.map((guard) => [guard.guard_key, guard.version]),
    [
      ['group:group', 1],
      ['group:other', 1],
      ['host:c2', 1],
    ],
  );
});

test('room at a target is counted over all sessions, over servers there and moves to come', async (t) => {
  const { repositories, one, two } = await twoSessions(t);
  const there = aServer('there', 'c2');
  t.is(await grant(repositories, one, wish('i1', { group: roomy('a') }), [there]), undefined);
  const refusal = await grant(repositories, two, wish('i2', { group: roomy('b') }), [there]);
  t.like(refusal, { because: 'no-room' });
  t.is(await grant(repositories, two, wish('i2', { group: roomy('b'), targetHost: 'c3' }), [there]), undefined);
});

test('a target that Placement does not know is no room', async (t) => {
  const { repositories, one } = await twoSessions(t);
  const refusal = await grant(repositories, one, wish('i1', { targetHost: 'c9' }));
  t.deepEqual(refusal, { because: 'no-room', message: 'Placement knows no host c9.' });
  t.deepEqual(await repositories.impacts.active(NOON), []);
});

test('an own action takes a place in its group but no room', async (t) => {
  const { repositories, one } = await twoSessions(t);
  t.is(await grant(repositories, one, wish('i1', { targetHost: null })), undefined);
  t.like(await grant(repositories, one, wish('i2', { targetHost: null })), { because: 'group-limit' });
});

test('a place is free again when the recovery time is over, for every session', async (t) => {
  const { repositories, clock, one, two } = await twoSessions(t);
  await grant(repositories, one, wish('i1'));
  const { sessionId } = one.lease;
  await one.commit(({ tx }) =>
    repositories.impacts.end({ sessionId, instanceId: 'i1', attempt: 1 }, at(10), at(70), tx),
  );
  clock.advanceTo(at(69));
  t.like(await grant(repositories, two, wish('i2')), { because: 'recovery-time', until: at(70) });
  clock.advanceTo(at(70));
  t.is(await grant(repositories, two, wish('i2')), undefined);
});

test('a refused move leaves nothing behind: no intent, no history, no impact, no effect', async (t) => {
  const repositories = await aDatabase(t);
  const { session, lease } = await anOwnedSession(repositories);
  const { context, plugins } = aLife(repositories, { session, lease, cloud: { proves: async () => ({ fits: true }) } });
  addInstanceAction(plugins, { run: async () => ({ result: 'gone' }) });
  const full = ['a', 'b'].map((id) => aServer(id, 'c2'));
  const view = aView({ session, servers: [aServer('i1', 'c1'), ...full] });
  const decision = { kind: 'move-instance', instanceId: 'i1', action: 'MIGRATE', target: 'c2' } as const;
  t.like(await moveInstance(context, view, decision), { because: 'no-room' });
  t.deepEqual(await repositories.journal.list(session.sessionId), []);
  t.deepEqual(await repositories.history.list(session.sessionId), []);
  t.deepEqual(await repositories.impacts.active(NOON), []);
  t.is(context.effects.count, 0);
});

test('a move that needs a target is never begun without one', async (t) => {
  const repositories = await aDatabase(t);
  const { session, lease } = await anOwnedSession(repositories);
  const { context, plugins } = aLife(repositories, { session, lease });
  addInstanceAction(plugins, { run: async () => ({ result: 'gone' }) });
  const view = aView({ session, servers: [aServer('i1', 'c1')] });
  const decision = { kind: 'move-instance', instanceId: 'i1', action: 'MIGRATE', target: null } as const;
  await t.throwsAsync(moveInstance(context, view, decision), { code: 'no-target' });
  t.deepEqual(await repositories.journal.list(session.sessionId), []);
});

const LEASE = { sessionId: 'session', engineId: 'engine-a', epoch: 1 };

test('an owner believes in its lease for less than its length, counted from before it asked', (t) => {
  const machine = new ManualMachineClock();
  machine.advanceMs(5000);
  const guard = new LeaseGuard(LEASE, 30, machine, 1000);
  machine.advanceMs(19_999);
  t.true(guard.holds);
  guard.require();
  machine.advanceMs(1);
  t.false(guard.holds);
  t.throws(() => guard.require(), { instanceOf: LeaseLost });
});

test('a renewal counts from when it was asked for, and never backwards', (t) => {
  const machine = new ManualMachineClock();
  const guard = new LeaseGuard(LEASE, 30, machine, 0);
  machine.advanceMs(20_000);
  guard.renewed(15_000);
  guard.renewed(10_000);
  machine.advanceMs(18_999);
  t.true(guard.holds);
  machine.advanceMs(1);
  t.false(guard.holds);
});

test('what ended for its owner stays ended: a late answer revives nothing', (t) => {
  const machine = new ManualMachineClock();
  const guard = new LeaseGuard(LEASE, 30, machine, 0);
  machine.advanceMs(24_000);
  guard.renewed(23_000);
  t.false(guard.holds);
});

/** A keeper of one session's lease, whose database can be made to fail or to hang. */
async function aKeeper(t: ExecutionContext) {
  const repositories = await aDatabase(t);
  const { session, lease } = await anOwnedSession(repositories);
  const machine = new ManualMachineClock();
  const guard = new LeaseGuard(lease, 30, machine, 0);
  const log: string[] = [];
  const owned = new Map<string, Owned>([
    [session.sessionId, { epoch: lease.epoch, guard, lost: () => log.push('lost') }],
  ]);
  const trouble: { renew?: () => Promise<never> } = {};
  const { sessions } = repositories;
  const renew = sessions.renew.bind(sessions);
  sessions.renew = (...args) => trouble.renew?.() ?? renew(...args);
  const keeper = new LeaseKeeper('engine-a', { repositories, machine, settings: ENGINE_SETTINGS }, owned, silentLogger);
  const stopping = new AbortController();
  t.teardown(() => stopping.abort());
  return { repositories, sessions, lease, machine, guard, log, owned, keeper, trouble, stopping };
}

test('heartbeats keep a lease for as long as the database prolongs it', async (t) => {
  const { machine, guard, log, keeper, stopping } = await aKeeper(t);
  const running = keeper.run(stopping.signal);
  for (let beat = 0; beat < 20; beat += 1) {
    await until(() => machine.nextDueMs() === 5000);
    machine.advanceMs(5000);
  }
  await until(() => machine.nextDueMs() === 5000);
  t.true(guard.holds);
  t.deepEqual(log, []);
  stopping.abort();
  await running;
});

const troubles: Readonly<Record<string, () => Promise<never>>> = {
  'renewals that fail': () => Promise.reject(new Error('the database is away')),
  'a database that never answers': () => new Promise(() => undefined),
};
for (const [title, renew] of Object.entries(troubles)) {
  test(`${title}: the session is let go as soon as its owner may not believe in the lease`, async (t) => {
    const { machine, log, keeper, trouble, stopping } = await aKeeper(t);
    trouble.renew = renew;
    const running = keeper.run(stopping.signal);
    while (log.length === 0 && machine.monotonicMs() < 60_000) {
      await until(() => machine.nextDueMs() !== undefined);
      machine.advanceMs(machine.nextDueMs() as number);
      await until(() => log.length > 0 || machine.nextDueMs() !== undefined);
    }
    t.deepEqual(log, ['lost']);
    t.is(machine.monotonicMs(), 24_000);
    stopping.abort();
    await running;
  });
}

test('a lease that another engine took is not believed in, however fresh the heartbeat', async (t) => {
  const { repositories, lease, machine, guard, keeper } = await aKeeper(t);
  await takeOver(repositories, lease, 'engine-b');
  machine.advanceMs(20_000);
  await keeper.renew();
  t.is(guard.leftMs, 4000);
});

test('a slow answer counts from when it was asked for', async (t) => {
  const { machine, guard, sessions, keeper } = await aKeeper(t);
  const renew = sessions.renew;
  sessions.renew = async (...args) => {
    const held = await renew(...args);
    machine.advanceMs(7000);
    return held;
  };
  machine.advanceMs(10_000);
  await keeper.renew();
  t.is(guard.leftMs, 17_000);
});

test('a lease in our name that nobody here works on is given back, not renewed for ever', async (t) => {
  const { repositories, owned, keeper } = await aKeeper(t);
  owned.clear();
  await keeper.renew();
  t.deepEqual(await repositories.sessions.claimable(10), [], 'it may just be about to be taken here');
  await keeper.renew();
  t.is((await repositories.sessions.claimable(10)).length, 1);
});
