import test, { type ExecutionContext } from 'ava';
import { ManualClock } from '../../src/common/clock.js';
import type { Repositories } from '../../src/db/repositories.js';
import { admit, type ImpactRequest } from '../../src/engine/admission.js';
import { applyApart, attempt } from '../../src/engine/decisions/apart.js';
import { moveInstance } from '../../src/engine/decisions/move-instance.js';
import { SessionWriter } from '../../src/engine/session-writer.js';
import type { Server } from '../../src/workflow/cloud-port.js';
import { NOON } from '../support/api-records.js';
import { aDatabase, addInstanceAction, aLife, anOwnedSession, until } from '../support/engine-session.js';
import { aServer, at, aView, SMALL } from '../support/engine-views.js';

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
  t.like(await moveInstance(context, view, decision), { for: 'no-room' });
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

/** One session's moves to c2, decided side by side: they share a transaction. */
async function sideBySide(t: ExecutionContext, servers: readonly Server[]) {
  const repositories = await aDatabase(t);
  const { session, lease } = await anOwnedSession(repositories);
  const { context, plugins } = aLife(repositories, { session, lease, cloud: { proves: async () => ({ fits: true }) } });
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  addInstanceAction(plugins, { run: () => ended.then(() => ({ result: 'gone' })) });
  const view = aView({ session, servers: [...servers] });
  const moves = servers.map(({ id }) => [
    { kind: 'move-instance', instanceId: id, action: 'MIGRATE', target: 'c2' } as const,
  ]);
  const { done, refusals } = await applyApart(moves, (decision) => attempt(context, view, decision));
  const impacts = await repositories.impacts.active(NOON);
  const begun = await repositories.journal.list(session.sessionId);
  end();
  await until(() => context.effects.count === 0);
  return {
    done,
    refusals: refusals.map(({ notYet }) => notYet.for),
    impacted: impacts.map(({ instanceId }) => instanceId),
    begun: begun.map(({ subject }) => subject),
  };
}

test('of moves that are decided side by side no more begin than their group allows', async (t) => {
  const servers = ['i1', 'i2', 'i3'].map((id) => aServer(id, 'c1'));
  const { done, refusals, impacted, begun } = await sideBySide(t, servers);
  t.deepEqual([done, refusals], [1, ['group-limit', 'group-limit']]);
  t.is(impacted.length, 1);
  t.deepEqual(begun, impacted);
});

test('of moves that are decided side by side no more begin than there is room for', async (t) => {
  const servers = ['i1', 'i2', 'i3'].map((id) => aServer(id, 'c1', { projectId: `project-${id}` }));
  const { done, refusals, impacted, begun } = await sideBySide(t, servers);
  t.deepEqual([done, refusals], [2, ['no-room']]);
  t.is(impacted.length, 2);
  t.deepEqual(begun.sort(), impacted.sort());
});
