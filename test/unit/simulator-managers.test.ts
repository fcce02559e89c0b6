import test from 'ava';
import { pythonRepr } from '../../src/common/python-literal.js';
import { parsePython } from '../../src/simulator/managers/python-parse.js';
import { aSmallTopology, idOf } from '../support/simulator.js';
import { aMaintainedCloud } from '../support/simulator-maintenance.js';

test('a manager subscribes by an event alarm of its own and takes it away when it ends', async (t) => {
  const { simulator, admin, manager } = await aMaintainedCloud(t);
  const alarms = async () =>
    (await admin.call('GET', '/alarming/v2/alarms?q.field=all_projects&q.op=eq&q.value=true')).body;
  t.like((await alarms())[0], {
    project_id: manager.projectId,
    repeat_actions: true,
    event_rule: { event_type: 'maintenance.scheduled' },
  });
  await manager.stop();
  simulator.managers.length = 0;
  t.deepEqual(await alarms(), []);
});

test('told of maintenance it reads its instances by the URL and agrees a second later', async (t) => {
  const { manager, tell, arrived, clock, simulator, until } = await aMaintainedCloud(t);
  const before = clock.now().getTime();
  t.deepEqual(await tell('MAINTENANCE', ['one', 'two', 'three']), { session_id: 's', state: 'ACK_MAINTENANCE' });
  t.deepEqual(
    arrived.map(({ method }) => method),
    ['GET', 'PUT'],
  );
  t.truthy(arrived[0]?.headers['x-auth-token']);
  t.true(clock.now().getTime() - before >= 1000);
  await until(() => manager.replies.length === 1);
  t.deepEqual(simulator.report().problems, []);
  t.like(manager.replies[0], { state: 'ACK_MAINTENANCE', status: 200 });
});

test('before it lets an active instance go it switches over, so that its move harms nobody', async (t) => {
  const { simulator, admin, tell, until } = await aMaintainedCloud(t);
  const one = idOf(simulator, 'one');
  const answer = await tell('PLANNED_MAINTENANCE', ['one', 'two']);
  t.deepEqual(answer.instance_actions, { [one]: 'MIGRATE', [idOf(simulator, 'two')]: 'MIGRATE' });
  await admin.migrate(one, 'gamma');
  await until(() => simulator.log.of('move-arrived').length === 1);
  await admin.nova('POST', `/servers/${one}/action`, { body: { confirmResize: null } });
  await until(() => simulator.log.of('move-ended').length === 1);
  const { violations, moves, serviceLevel } = simulator.report();
  t.deepEqual(violations, []);
  t.is(moves.get(one), 1);
  t.is(serviceLevel[0]?.outageSeconds, 0);
});

test('a cold migration of the active instance without a notice is an outage as long as it lasts', async (t) => {
  const { simulator, admin, until } = await aMaintainedCloud(t);
  const one = idOf(simulator, 'one');
  await admin.migrate(one, 'gamma');
  await until(() => simulator.log.of('move-arrived').length === 1);
  await admin.nova('POST', `/servers/${one}/action`, { body: { confirmResize: null } });
  await until(() => simulator.log.of('move-ended').length === 1);
  const { violations, serviceLevel } = simulator.report();
  t.deepEqual(
    violations.map(({ rule }) => rule),
    ['service-outage'],
  );
  t.regex(violations[0]?.sentence ?? '', /demo stopped serving: one resize_prep/);
  t.is(serviceLevel[0]?.outageSeconds, 5);
});

test('a live migration of the active instance is none', async (t) => {
  const { simulator, admin, until } = await aMaintainedCloud(t);
  const body = { 'os-migrateLive': { host: 'gamma', block_migration: 'auto' } };
  await admin.nova('POST', `/servers/${idOf(simulator, 'one')}/action`, { body, version: '2.68' });
  await until(() => simulator.log.of('move-ended').length === 1);
  t.deepEqual(simulator.report().violations, []);
});

test('a notice about one instance is answered with one action; with no stand-by left it asks for a live migration', async (t) => {
  const { simulator, tell } = await aMaintainedCloud(t);
  const actions: unknown[] = [];
  for (const name of ['one', 'two', 'three'])
    actions.push((await tell('PREPARE_MAINTENANCE', [name], 'vnf')).instance_action);
  t.deepEqual(actions, ['MIGRATE', 'MIGRATE', 'LIVE_MIGRATE']);
  await tell('INSTANCE_ACTION_DONE', ['one'], 'vnf');
  t.is((await tell('PLANNED_MAINTENANCE', ['three'], 'vnf')).instance_action, 'MIGRATE');
  t.deepEqual(simulator.report().problems, []);
});

test('told to scale in it deletes what it can spare, and says so when it is gone', async (t) => {
  const { simulator, tell } = await aMaintainedCloud(t, {}, { scaleIn: 2 });
  t.deepEqual(await tell('SCALE_IN', []), { session_id: 's', state: 'ACK_SCALE_IN' });
  // Three members: the active one and a stand-by stay.
  t.is(simulator.cloud.instances().length, 2);
  t.deepEqual(simulator.report().violations, []);
});

test('of a group of which two may be impacted at a time it spares nobody whom that would take for granted', async (t) => {
  const { projects } = aSmallTopology();
  const topology = { projects: projects.map((each) => ({ ...each, groups: [{ name: 'app', maxImpacted: 2 }] })) };
  const { simulator, tell } = await aMaintainedCloud(t, {}, { scaleIn: 1, topology });
  t.deepEqual(await tell('SCALE_IN', []), { session_id: 's', state: 'ACK_SCALE_IN' });
  t.is(simulator.cloud.instances().length, 3);
});

test('with OWN_ACTION it replaces the instance by itself and is never without service', async (t) => {
  const { simulator, tell, until } = await aMaintainedCloud(t, { action: 'OWN_ACTION' });
  const one = idOf(simulator, 'one');
  const answer = await tell('PLANNED_MAINTENANCE', ['one']);
  t.deepEqual(answer.instance_actions, { [one]: 'OWN_ACTION' });
  await until(() => simulator.cloud.instance(one) === undefined);
  const names = simulator.cloud.instances().map(({ name }) => name);
  t.deepEqual(names.sort(), ['one', 'three', 'two']);
  t.deepEqual([simulator.report().violations, simulator.report().problems], [[], []]);
});

test('what Ceilometer writes in Python a manager reads, but not when it was cut', (t) => {
  const value = { a: true, b: null, n: 3, l: ['x', { y: [] }], q: 'it\'s "so"\n\u0007\u200b', f: 1e-7, '': -1 };
  t.deepEqual(parsePython(pythonRepr(value)), value);
  t.throws(() => parsePython(pythonRepr(value).slice(0, -1)), { instanceOf: SyntaxError });
  t.throws(() => parsePython("['a' 'b']"), { instanceOf: SyntaxError });
  t.throws(() => parsePython('[1] 2'), { instanceOf: SyntaxError });
});
