import test from 'ava';
import { ManualClock, plusSeconds } from '../../src/common/clock.js';
import { Repositories } from '../../src/db/repositories.js';
import { knownLeftovers } from '../../src/engine/leftovers.js';
import type { Session } from '../../src/model/index.js';
import { databaseKinds } from '../support/api-databases.js';
import { aHost, aNotice, anEngine, aProject, aSession, NOON } from '../support/api-records.js';
import { withManage } from '../support/manage.js';
import { Scenario } from '../support/scenario.js';

function disabled({ system }: Scenario): (string | null)[] {
  return [...system.simulator.cloud.hosts.values()].filter((host) => !host.enabled).map((host) => host.disabledReason);
}

test.serial('a host that a failed session left disabled is listed, and released once', async (t) => {
  const { scenario, manage, withoutCloud } = await withManage(t);
  const metadata = { fail_on: ['compute-1'] };
  const id = await scenario.create({ actions: [{ plugin: 'noop', type: 'host', name: 'kernel', metadata }] });
  t.is((await scenario.finish(id)).reason?.code, 'plugin-failed');

  const left = `  compute-1  in_maintenance  session ${id} (MAINTENANCE_FAILED)`;
  const listed = await manage('leftovers', 'list');
  t.is(listed.code, 0, listed.stderr);
  t.true(listed.stdout.split('\n').includes(left), listed.stdout);
  t.true(listed.stdout.includes(`  compute-1  session closed  "fenix ${id}: kernel failed"`), listed.stdout);
  const blind = await withoutCloud('leftovers', 'list');
  t.is(blind.code, 0, blind.stderr);
  t.true(blind.stdout.split('\n').includes(left), blind.stdout);
  t.regex(blind.stdout, /\nThe cloud was not asked, .* set \[service_user\] os_auth_url\.\n$/);

  t.deepEqual((await scenario.system.client.detail(id)).left.hosts, ['compute-1']);
  t.like(await manage('leftovers', 'release', 'compute-1'), { code: 0, stdout: 'Host compute-1 is enabled again.\n' });
  t.deepEqual(disabled(scenario), []);
  const after = await scenario.system.client.detail(id);
  t.false(after.hosts.some((host) => host.disabled));
  t.deepEqual(after.left, { hosts: [], moves: [], stopped: [], projects: [], notifications: [] });
  const told = (await scenario.history(id)).at(-1);
  t.like(told, { who: 'fenix-manage', what: 'host-released' });
  t.deepEqual(told?.details, { host: 'compute-1', reason: `fenix ${id}: kernel failed`, forced: false });
  t.like(await manage('leftovers', 'release', 'compute-1'), {
    stdout: 'Host compute-1 was enabled already; nobody owes it any more.\n',
  });
  const json = JSON.parse((await manage('leftovers', 'list', '--json')).stdout);
  t.deepEqual([json.hosts, json.cloud], [[], { services: [], rooms: [] }]);
});

test.serial('a host that a session has, or that others disabled, is not released', async (t) => {
  const { scenario, manage } = await withManage(t);
  const { simulator } = scenario.system;
  const id = await scenario.create();
  await scenario.until(() => disabled(scenario).length > 0);
  const host = [...simulator.cloud.hosts.values()].find(({ enabled }) => !enabled);
  if (host === undefined) return t.fail();
  const { name } = host;
  const disable = (reason: string): void => simulator.cloud.setService(host, false, reason, 'admin');
  t.regex((await manage('leftovers', 'list')).stdout, new RegExp(`  ${name}  session running  "fenix ${id}"`));
  const refused = await manage('leftovers', 'release', name);
  t.is(refused.code, 1);
  t.is(
    refused.stderr,
    `Session ${id} is not closed and has host ${name}: it gives it back itself, unless --force is given.\n`,
  );
  t.is(disabled(scenario).length, 1);
  t.is((await manage('leftovers', 'release', name, '--force')).code, 0);
  t.deepEqual(disabled(scenario), []);

  await scenario.system.client.remove(id);
  await scenario.until(async () => (await scenario.history(id)).at(-1)?.what === 'closed');
  disable('broken fan');
  const others = await manage('leftovers', 'release', name);
  t.is(others.stderr, `Host ${name} was disabled by somebody else, with the reason "broken fan".\n`);
  t.deepEqual(disabled(scenario), ['broken fan']);
  const unknown = 'fenix 01234567-89ab-cdef-0123-456789abcdef: of another installation';
  disable(unknown);
  t.true((await manage('leftovers', 'list')).stdout.includes(`  ${name}  session unknown  "${unknown}"`));
  t.is((await manage('leftovers', 'release', name)).code, 0);
  t.deepEqual(disabled(scenario), []);
  t.regex(
    (await manage('leftovers', 'release', 'nowhere')).stderr,
    /^Nova has no compute service on a host nowhere\.\n$/,
  );
});

test.serial(
  'an instance that a failed session left stopped is listed, and started with the release of its host',
  async (t) => {
    const size = { vcpus: 4, memoryMb: 4096, diskGb: 20 };
    const hosts = ['a', 'b', 'west-1'].map((name) => ({ name, ...size, ...(name === 'west-1' && { zone: 'west' }) }));
    const instances = [{ name: 'fixed', flavor: 'm', host: 'west-1' }];
    const flavors = [{ name: 'm', vcpus: 2, memoryMb: 1024, diskGb: 10 }];
    const topology = { flavors, hosts, controllers: [], projects: [{ name: 'p', instances }] };
    const { scenario, manage } = await withManage(t, { topology });
    const { simulator } = scenario.system;
    const metadata = { fail_on: ['west-1'] };
    const id = await scenario.create({
      actions: [{ plugin: 'noop', type: 'host', metadata }],
      policy: { immovable: 'stop_while_out' },
    });
    t.is((await scenario.finish(id)).reason?.code, 'plugin-failed');
    const [fixed] = simulator.cloud.instances();
    const listed = await manage('leftovers', 'list');
    t.regex(listed.stdout, new RegExp(`not started again:\\n  ${fixed?.id}  on west-1  since .*  session ${id}`));
    t.like(await manage('leftovers', 'release', 'west-1'), { code: 0 });
    await scenario.advance(5);
    t.is(simulator.cloud.instances()[0]?.vmState, 'active');
    t.regex((await manage('leftovers', 'list')).stdout, /not started again: none/);
    const started = (await scenario.history(id)).find(({ what }) => what === 'instance-started');
    t.like(started, { who: 'fenix-manage', details: { instance: fixed?.id, host: 'west-1' } });
  },
);

test.serial(
  'room that Placement holds for no session that runs is listed, told by reconcile, and released',
  async (t) => {
    const managers = { answerAfter: 20 };
    const { scenario, manage } = await withManage(t, { managers });
    const { database, simulator } = scenario.system;
    const { placeholders } = new Repositories(database);
    const id = await scenario.create({ workflow: 'vnf', policy: { hold_room: 'placeholders' } });
    await scenario.until(async () => (await placeholders.all()).some(({ state }) => state === 'held'));
    const [held] = await placeholders.all();
    if (held === undefined) return t.fail();
    const { consumer, host } = held;
    const room = `${host}  2 vCPUs, 4096 MB, 20 GB`;
    const listed = await manage('leftovers', 'list');
    t.true(listed.stdout.includes(`  ${room}  session running ${id}  consumer ${consumer}`), listed.stdout);
    t.like(await manage('leftovers', 'release-room'), {
      code: 0,
      stdout: 'Placement holds no room for closed or unknown sessions.\n',
    });
    t.truthy(simulator.cloud.allocations.of(consumer));

    await scenario.system.stopEngine();
    await placeholders.remove(consumer);
    const found = JSON.parse((await manage('reconcile', '--json')).stdout);
    t.like(
      found.find(({ what }: { what: string }) => what === 'room-of-unknown-session'),
      { sessionId: null, subject: host },
    );
    t.like(await manage('leftovers', 'release-room'), {
      code: 0,
      stdout: `Released: ${room}  session unknown  consumer ${consumer}\n`,
    });
    t.is(simulator.cloud.allocations.of(consumer), undefined);
    t.false((await manage('leftovers', 'list')).stdout.includes(consumer));
  },
);

async function store({ sessions, database }: Repositories, closed: boolean, overrides: Partial<Session> = {}) {
  const session = aSession({ state: 'MAINTENANCE_FAILED', ...overrides });
  await sessions.create(session, database.knex);
  const where = { session_id: session.sessionId };
  await database
    .knex('sessions')
    .where(where)
    .update({ closed: Number(closed) });
  return session;
}

for (const kind of databaseKinds) {
  test.serial(`${kind.name}: what closed sessions left is known, and nothing of those that run`, async (t) => {
    const { database, close } = await kind.open();
    t.teardown(close);
    const repositories = new Repositories(database);
    const { hosts, projects, notices, journal, outbox, sessions } = repositories;
    const closed = await store(repositories, true);
    const running = await store(repositories, false, { state: 'START_MAINTENANCE' });
    await repositories.engines.register(anEngine('engine-a'), 1000);
    await sessions.claim(running, 'engine-a');
    for (const { sessionId } of [closed, running]) {
      await hosts.add([aHost({ sessionId, disabled: true }), aHost({ sessionId, hostname: 'other' })], database.knex);
      for (const projectId of ['told', 'untold']) {
        await projects.save(aProject({ sessionId, projectId, scaledIn: true }), database.knex);
      }
      await projects.save(aProject({ sessionId, projectId: 'not-scaled-in' }), database.knex);
      await notices.insert(aNotice({ sessionId, projectId: 'told', state: 'MAINTENANCE_COMPLETE' }), database.knex);
      const begin = async (kind: 'move' | 'settle' | 'step' | 'plugin', subject: string, action: string) => {
        const key = { sessionId, subject, action, attempt: 1 };
        await journal.begin({ ...key, kind, host: null, intent: {}, timeoutS: 60 }, database.knex);
        return key;
      };
      await begin('move', 'lost', 'move');
      await begin('plugin', 'compute-1', 'host/noop');
      await journal.end(await begin('move', 'moved', 'move'), 'done', {}, database.knex);
      await journal.end(await begin('step', 'moved', 'move/confirm'), 'done', {}, database.knex);
      await journal.end(await begin('settle', 'slow', 'settle'), 'failed', { code: 'time-out' }, database.knex);
      await journal.end(await begin('move', 'broken', 'move'), 'failed', { code: 'instance-error' }, database.knex);
      await journal.end(await begin('step', 'stuck', 'move/confirm'), 'refused', { code: 'denied' }, database.knex);
      const entry = { sessionId, messageId: 'm', eventType: 'maintenance.host', payload: {}, once: false };
      await outbox.add([{ ...entry, seq: 1, createdAt: plusSeconds(NOON, -3600) }], database.knex);
      await outbox.add([{ ...entry, seq: 2, createdAt: NOON }], database.knex);
    }
    const left = await knownLeftovers(repositories, new ManualClock(NOON));
    const by = closed.sessionId;
    t.deepEqual(left.hosts, [
      { sessionId: by, sessionState: 'MAINTENANCE_FAILED', hostname: 'compute-1', state: 'waiting' },
    ]);
    t.deepEqual(left.moves.map(({ sessionId, instanceId, state }) => [sessionId, instanceId, state]).sort(), [
      [by, 'lost', 'begun'],
      [by, 'slow', 'failed'],
      [by, 'stuck', 'refused'],
    ]);
    t.deepEqual(
      left.projects.map(({ sessionId, projectId }) => [sessionId, projectId]),
      [[by, 'untold']],
    );
    t.deepEqual(left.notifications.map(({ sessionId }) => sessionId).sort(), [by, running.sessionId].sort());
    const ofRunning = await repositories.leftovers.ofSession(running.sessionId).all(plusSeconds(NOON, -600));
    const counts = Object.values(ofRunning).map((all) => all.length);
    t.deepEqual(counts, [0, 0, 0, 0, 1], 'of a session that runs only what does not go out');
  });
}
