import test from 'ava';
import { ManualClock, plusSeconds } from '../../src/common/clock.js';
import { parseYamlFlow } from '../../src/simulator/managers/yaml-flow.js';
import type { Arrived } from '../support/http-double.js';
import { idOf } from '../support/simulator.js';
import { aMaintainedCloud, type MaintainedCloud } from '../support/simulator-maintenance.js';

const GROUP = { name: 'app', id: '11111111-2222-4333-8444-555555555555', maxImpacted: 2, recoveryTime: 60 };
const instances = (names: readonly string[]) =>
  names.map((name) => ({ name, flavor: 'm1.small', host: name === 'three' ? 'beta' : 'alpha', group: 'app' }));
/** Long enough for anybody to answer. */
async function minutes({ clock, until }: MaintainedCloud, count: number): Promise<void> {
  const end = plusSeconds(clock.now(), count * 60);
  await until(() => clock.now() >= end);
}
const told = { projects: [{ name: 'demo', groups: [GROUP], instances: instances(['one', 'two', 'three']) }] };

test('url: reads each list at its URL, takes text for YAML, and sends nothing twice', async (t) => {
  const { simulator, manager, tell, arrived, until } = await aMaintainedCloud(t, { dialect: 'url' });
  await tell('MAINTENANCE', ['one', 'two', 'three']);
  const answer = await tell('PLANNED_MAINTENANCE', ['one']);
  await until(() => manager.replies.length === 2);
  t.deepEqual(answer.instance_actions, { [idOf(simulator, 'one')]: 'MIGRATE' });
  t.deepEqual(
    arrived.map(({ method }) => method),
    ['GET', 'PUT', 'GET', 'PUT'],
  );
  t.deepEqual(manager.problems, []);
});

test('url: a state that it does not know is the end of it', async (t) => {
  const cloud = await aMaintainedCloud(t, { dialect: 'url' });
  const { manager, send, answers, until } = cloud;
  await send('START_MAINTENANCE', []);
  await until(() => manager.problems.length === 1);
  await send('MAINTENANCE', ['one']);
  await minutes(cloud, 2);
  t.deepEqual([answers(), manager.problems], [[], ['Unknown state START_MAINTENANCE.']]);
});

test('url: when its token has run out it is refused, and that is its own fault', async (t) => {
  const tokenClock = new ManualClock();
  const cloud = await aMaintainedCloud(
    t,
    { dialect: 'url' },
    { status: () => (tokenClock.now() < plusSeconds(began, 3600) ? 200 : 401) },
    { tokenClock },
  );
  const began = tokenClock.now();
  await cloud.tell('MAINTENANCE', ['one']);
  tokenClock.advanceTo(plusSeconds(began, 7200));
  await cloud.send('MAINTENANCE', ['one']);
  await cloud.until(() => cloud.manager.remarks.length > 0);
  t.is(cloud.answers().length, 1);
  t.truthy(cloud.manager.carelessSince);
  t.deepEqual(cloud.simulator.report().problems, []);
});

test('list: sends each answer twice, 50 ms apart, and answers INSTANCE_ACTION_DONE', async (t) => {
  const { manager, send, until } = await aMaintainedCloud(t, { dialect: 'list' });
  await send('PLANNED_MAINTENANCE', ['one'], 'vnf');
  await until(() => manager.replies.length === 2);
  const [first, second] = manager.replies;
  t.deepEqual({ ...first, at: 0 }, { ...second, at: 0 });
  const apart = (second?.at.getTime() ?? 0) - (first?.at.getTime() ?? 0);
  t.true(apart >= 50 && apart < 500, `${apart} ms apart`);
  await send('INSTANCE_ACTION_DONE', ['one'], 'vnf');
  await until(() => manager.replies.length === 4);
  t.is(manager.replies[3]?.state, 'ACK_INSTANCE_ACTION_DONE');
});

test('list: repeats what was not answered 200 five times, five seconds apart', async (t) => {
  const { manager, send, until } = await aMaintainedCloud(t, { dialect: 'list' }, { status: () => 202 });
  await send('PLANNED_MAINTENANCE', ['one'], 'vnf');
  await until(() => manager.problems.length === 2);
  t.is(manager.replies.length, 12);
  const times = manager.replies.map(({ at }) => at.getTime());
  t.true((times.at(-1) ?? 0) - (times[0] ?? 0) >= 25_000);
});

test('a patient manager counts no repeat while the service is out of order, an impatient one gives up', async (t) => {
  const answered = async (patienceS: number) => {
    let answers = 0;
    const status = ({ method }: Arrived): number => {
      if (method === 'PUT') answers += 1;
      return method === 'PUT' && answers <= 9 ? 503 : 200;
    };
    const { manager, send, until } = await aMaintainedCloud(t, { patienceS }, { status });
    await send('MAINTENANCE', ['one']);
    await until(() => manager.replies.at(-1)?.status === 200 || manager.problems.length > 0);
    return [manager.replies.length, manager.problems.length];
  };
  t.deepEqual(await answered(60), [10, 0]);
  t.deepEqual(await answered(0), [6, 1]);
});

test('constraints are told from what the topology says of groups, numbers as text by the list dialect', async (t) => {
  const plain = await aMaintainedCloud(t, { constraints: true, action: 'LIVE_MIGRATE' }, { topology: told });
  const puts = (cloud: typeof plain) =>
    cloud.arrived.filter(({ method, path }) => method === 'PUT' && path.startsWith('/v1/instance'));
  t.is(puts(plain).length, 4);
  const group = puts(plain).find(({ path }) => path === `/v1/instance_group/${GROUP.id}`)?.body;
  t.like(group, { group_id: GROUP.id, max_impacted_members: 2, recovery_time: 60, anti_affinity_group: false });
  t.like(puts(plain)[0]?.body, { group_id: GROUP.id, migration_type: 'LIVE_MIGRATE', lead_time: 40 });
  const text = await aMaintainedCloud(t, { constraints: true, dialect: 'list' }, { topology: told });
  t.like(puts(text).at(-1)?.body, { max_impacted_members: '2', recovery_time: '60' });
  const nobody = await aMaintainedCloud(t, { constraints: true }, { topology: told, status: () => 404 });
  t.deepEqual(nobody.simulator.report().problems, []);
});

test('wary: says no to a list with an instance that it cannot see, and to no other', async (t) => {
  const { simulator, tell, until } = await aMaintainedCloud(t, { dialect: 'wary' });
  t.is((await tell('MAINTENANCE', ['one', 'two', 'three'])).state, 'ACK_MAINTENANCE');
  // It comes and goes under one of its names by now, and that is no harm.
  const seen = () => simulator.cloud.instances().filter(({ name }) => name === 'one').length;
  await until(() => seen() === 2);
  await until(() => seen() === 1);
  t.is((await tell('PLANNED_MAINTENANCE', ['one'])).state, 'ACK_PLANNED_MAINTENANCE');
  const stranger = simulator.cloud.instance(idOf(simulator, 'two'));
  simulator.cloud.removeInstance(stranger ?? t.fail());
  simulator.cloud.addInstance({ ...stranger, id: GROUP.id, projectId: 'somebody', name: 'two' } as never);
  t.is((await tell('PLANNED_MAINTENANCE', ['two'])).state, 'NACK_PLANNED_MAINTENANCE');
});

test('slow: answers late, and everybody sees meanwhile that it acts', async (t) => {
  const { simulator, clock, tell } = await aMaintainedCloud(t, { dialect: 'slow' });
  const began = clock.now().getTime();
  await tell('PLANNED_MAINTENANCE', ['three']);
  const took = (clock.now().getTime() - began) / 1000;
  t.true(took >= 90 && took < 110, `${took} s`);
  const busy = simulator.log.of('state').filter(({ taskState }) => taskState?.startsWith('image_') === true);
  t.true(busy.length >= 18 && busy.every(({ inService }) => inService));
});

test('silent and greedy: one says nothing, the other agrees to scale in and keeps everything', async (t) => {
  const silent = await aMaintainedCloud(t, { dialect: 'silent' });
  await silent.send('MAINTENANCE', ['one']);
  await minutes(silent, 2);
  t.is(silent.answers().length, 0);
  const greedy = await aMaintainedCloud(t, { dialect: 'greedy' });
  t.is((await greedy.tell('SCALE_IN', [])).state, 'ACK_SCALE_IN');
  t.is(greedy.simulator.cloud.instances().length, 3);
});

test('refusing: says no in its state only, and from then on its outages are its own', async (t) => {
  const { simulator, admin, tell, until } = await aMaintainedCloud(t, {
    dialect: 'refusing',
    inState: 'PREPARE_MAINTENANCE',
  });
  t.is((await tell('PLANNED_MAINTENANCE', ['two'])).state, 'ACK_PLANNED_MAINTENANCE');
  t.is((await tell('PREPARE_MAINTENANCE', ['one'])).state, 'NACK_PREPARE_MAINTENANCE');
  await admin.migrate(idOf(simulator, 'one'), 'gamma');
  await until(() => simulator.log.of('move-arrived').length === 1);
  const { serviceLevel, violations } = simulator.report();
  t.is(serviceLevel[0]?.outages.length, 1);
  t.deepEqual(
    violations.map(({ rule }) => rule),
    ['left-unconfirmed'],
  );
});

test('deferring: asks for more time, and answers when the first time is over', async (t) => {
  const { clock, manager, tell, send, answers, until } = await aMaintainedCloud(t, {
    dialect: 'deferring',
    deferSeconds: 20,
  });
  const began = clock.now().getTime();
  t.deepEqual(await tell('MAINTENANCE', ['one']), { defer_seconds: 20 });
  await until(() => manager.replies.length === 2);
  const took = (clock.now().getTime() - began) / 1000;
  t.true(took >= 49 && took < 52, `${took} s of 40 and 20`);
  t.is(answers()[1]?.state, 'ACK_MAINTENANCE');
  await send('PLANNED_MAINTENANCE', ['one']);
  await until(() => answers().length === 4);
  t.deepEqual(answers()[2], { defer_seconds: 20, state: 'DEFER_PLANNED_MAINTENANCE' });
});

test('retiring: takes away all its instances and records instead of an answer, which is no violation', async (t) => {
  const { simulator, send, answers, arrived, until } = await aMaintainedCloud(
    t,
    { dialect: 'retiring', inState: 'MAINTENANCE', constraints: true, needed: 2 },
    { topology: told },
  );
  await send('MAINTENANCE', ['one', 'two', 'three']);
  const deleted = () => arrived.filter(({ method }) => method === 'DELETE').map(({ path }) => path.split('/')[2]);
  await until(() => deleted().length === 4);
  t.deepEqual(deleted(), ['instance', 'instance', 'instance', 'instance_group']);
  t.deepEqual([simulator.cloud.instances().length, answers().length], [0, 0]);
  t.deepEqual(simulator.report().violations, []);
});

test('reinstantiating: the successor is there, under the same name, before it agrees to act by itself', async (t) => {
  const { simulator, tell } = await aMaintainedCloud(t, { dialect: 'reinstantiating' });
  const old = idOf(simulator, 'three');
  const answer = await tell('PLANNED_MAINTENANCE', ['three']);
  t.deepEqual(answer.instance_actions, { [old]: 'OWN_ACTION' });
  t.is(simulator.cloud.instance(old), undefined);
  t.not(idOf(simulator, 'three'), old);
  t.deepEqual(simulator.report().violations, []);
});

test('scaling: takes minutes to scale in, then agrees, and is as large as before in the end', async (t) => {
  const { simulator, clock, tell } = await aMaintainedCloud(t, { dialect: 'scaling' });
  const began = clock.now().getTime();
  await tell('SCALE_IN', []);
  t.true(clock.now().getTime() - began >= 180_000);
  t.is(simulator.cloud.instances().length, 2);
  await tell('MAINTENANCE_COMPLETE', []);
  t.is(simulator.cloud.instances().length, 3);
  t.deepEqual(simulator.report().violations, []);
});

test('a topology says how the manager of each project behaves, and whether there is one', async (t) => {
  const projects = [
    { ...told.projects[0], name: 'demo', manager: { dialect: 'greedy', constraints: false } as const },
    { name: 'other', manager: 'none' as const },
  ];
  const { simulator, tell } = await aMaintainedCloud(t, { dialect: 'silent' }, { topology: { projects } });
  t.is((await tell('SCALE_IN', [])).state, 'ACK_SCALE_IN');
  t.deepEqual(await simulator.addManagers({ projects: ['other'] }), []);
});

test('YAML reads most of what Python writes, and not what was cut', (t) => {
  t.deepEqual(parseYamlFlow("['MIGRATE', 'OWN_ACTION']"), ['MIGRATE', 'OWN_ACTION']);
  t.deepEqual(parseYamlFlow(`{'a': True, 'n': 1.5, "it's": None, 'l': [x, []]}`), {
    a: true,
    n: 1.5,
    // YAML has another word for it.
    "it's": 'None',
    l: ['x', []],
  });
  t.throws(() => parseYamlFlow("['a', 'b"), { instanceOf: SyntaxError });
  t.throws(() => parseYamlFlow("{'a': 1"), { instanceOf: SyntaxError });
});
