import test, { type ExecutionContext } from 'ava';
import type { NewSession } from '../../src/client/index.js';
import type { Topology } from '../../src/simulator/index.js';
import { Scenario } from '../support/scenario.js';

const FLAVOR = { name: 'm', vcpus: 2, memoryMb: 4096, diskGb: 20 };
const SIZE = { vcpus: 8, memoryMb: 16_384, diskGb: 80 };

type Host = Partial<Topology['hosts'][number]> & { readonly name: string };

/** Hosts for four instances each; of one application, two may be impacted at a time. */
function cloudOf(hosts: readonly Host[], placed: readonly string[], maxImpacted = 1): Topology {
  const instances = placed.map((host, i) => ({ name: `vm-${i}`, flavor: FLAVOR.name, host, group: 'app' }));
  return {
    seed: 1,
    flavors: [FLAVOR],
    hosts: hosts.map((host) => ({ ...SIZE, ...host })),
    controllers: [],
    timings: { evacuation: 20 },
    projects: [{ name: 'p', groups: [{ name: 'app', maxImpacted, recoveryTime: 20 }], instances }],
  };
}

/** With a manager that tells its constraints. */
async function start(t: ExecutionContext, topology: Topology): Promise<Scenario> {
  const scenario = await Scenario.start(t, { topology, managers: { constraints: true } });
  await scenario.system.startEngine();
  return scenario;
}

const EVACUATE = { policy: { down_hosts: 'evacuate' } } as const;

async function maintain(t: ExecutionContext, topology: Topology, session: Partial<NewSession> = EVACUATE) {
  const scenario = await start(t, topology);
  const id = await scenario.create(session);
  return { scenario, id, detail: await scenario.finish(id) };
}

const statesOf = ({ hosts }: { readonly hosts: readonly { hostname: string; state: string }[] }) =>
  Object.fromEntries(hosts.map(({ hostname, state }) => [hostname, state]));

/** What the cloud says of how each instance moved, in order. */
const movesOf = ({ system }: Scenario) =>
  system.simulator.log.of('move-begun').map(({ type, from }) => `${type} from ${from}`);

const onHost = ({ system }: Scenario, name: string) =>
  system.simulator.cloud.instances().filter(({ host }) => host === name);

test.serial('a host that is down is emptied by evacuation, maintained, enabled, and gets nothing', async (t) => {
  const topology = cloudOf([{ name: 'a' }, { name: 'b', up: false }, { name: 'c' }], ['a', 'a', 'b', 'b']);
  const { scenario, detail } = await maintain(t, topology);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.deepEqual(statesOf(detail), { a: 'done', b: 'done', c: 'done' });
  t.deepEqual(movesOf(scenario).slice(0, 2), ['evacuation from b', 'evacuation from b']);
  t.is(movesOf(scenario).length, 4);
  t.deepEqual(onHost(scenario, 'b'), []);
  t.true(scenario.system.simulator.cloud.instances().every(({ vmState }) => vmState === 'active'));
  t.true([...scenario.system.simulator.cloud.hosts.values()].every(({ enabled }) => enabled));
  t.deepEqual(scenario.system.simulator.report().violations, []);
  const done = detail.impacts.filter(({ action }) => action === 'EVACUATE');
  t.is(done.length, 2, 'both at once: they were out of service anyway');
  t.is(done[0]?.started_at, done[1]?.started_at);
});

test.serial('a dead host that comes back after its evacuation gives up what it held, and receives again', async (t) => {
  const hosts = [{ name: 'a' }, { name: 'b', up: false, upAfter: 240 }, { name: 'c' }];
  const { scenario, detail } = await maintain(t, cloudOf(hosts, ['a', 'a', 'b', 'b', 'c']));
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.deepEqual(await scenario.system.simulator.cloud.allocations.on('b').filter(({ leftOver }) => leftOver), []);
  t.deepEqual(scenario.system.simulator.report().violations, []);
});

test.serial('a host that dies while it is emptied is emptied by evacuation, what was under way included', async (t) => {
  const topology = cloudOf([{ name: 'a' }, { name: 'b' }], ['a', 'a', 'a'], 2);
  const scenario = await start(t, { ...topology, timings: { coldMigration: 60, evacuation: 20, liveMigration: 30 } });
  const { simulator } = scenario.system;
  const id = await scenario.create(EVACUATE);
  await scenario.until(() => simulator.log.of('move-scheduled').length >= 2);
  simulator.setHostUp('a', false);
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.is(movesOf(scenario).filter((move) => move === 'evacuation from a').length, 3);
  t.deepEqual(onHost(scenario, 'a'), []);
  t.deepEqual(
    simulator.report().violations.filter(({ rule }) => rule !== 'service-outage'),
    [],
  );
});

test.serial('an engine that is stopped in the midst of evacuations: the next one asks for none twice', async (t) => {
  const topology = cloudOf([{ name: 'a' }, { name: 'b', up: false }, { name: 'c' }], ['a', 'b', 'b', 'b']);
  const scenario = await start(t, topology);
  const { system } = scenario;
  const id = await scenario.create(EVACUATE);
  for (const count of [1, 3]) {
    await scenario.until(() => system.simulator.log.of('move-begun').length >= count);
    await system.stopEngine();
    await system.startEngine();
  }
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  const asked = system.simulator.log.of('call').filter(({ body }) => JSON.stringify(body).includes('evacuate'));
  t.deepEqual(
    asked.map(({ status }) => status),
    [200, 200, 200],
  );
  t.deepEqual(system.simulator.report().violations, []);
});

test.serial('a host that comes back before its evacuation is emptied by migration after all', async (t) => {
  const hosts = [{ name: 'a' }, { name: 'b', up: false }, { name: 'c' }];
  const scenario = await start(t, cloudOf(hosts, ['a', 'b']));
  const { simulator } = scenario.system;
  const id = await scenario.create(EVACUATE);
  await scenario.until(() => simulator.log.of('alarm-post').some(({ state }) => state?.startsWith('P') === true));
  simulator.setHostUp('b', true);
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.false(movesOf(scenario).some((move) => move.startsWith('evacuation')));
  t.deepEqual(simulator.report().violations, []);
});

test.serial('a host that dies before its turn is left out with the reason, whatever the failure budget', async (t) => {
  const hosts = [{ name: 'a' }, { name: 'b', downAfter: 90 }, { name: 'c' }];
  const policy = { failure_budget: 0 };
  const { detail, scenario } = await maintain(t, cloudOf(hosts, ['a', 'b', 'b'], 3), { policy });
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.deepEqual(statesOf(detail), { a: 'done', b: 'skipped', c: 'done' });
  const [lost] = (await scenario.history(detail.session_id)).filter(
    ({ what, details }) => what === 'host' && details.to === 'skipped',
  );
  t.like(lost?.details, { host: 'b', why: 'Compute host b is down and holds 2 instance(s).' });
  t.true(detail.hosts.every(({ disabled }) => !disabled));
});

test.serial('a host that dies while it is emptied is left out once its moves have ended, and given back', async (t) => {
  const topology = cloudOf([{ name: 'a' }, { name: 'b' }], ['a', 'a', 'a'], 3);
  const scenario = await start(t, topology);
  const { simulator } = scenario.system;
  const id = await scenario.create();
  await scenario.until(() => simulator.log.of('move-scheduled').length >= 1);
  simulator.setHostUp('a', false);
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.deepEqual(statesOf(detail), { a: 'skipped', b: 'done' });
  t.true(detail.hosts.every(({ disabled }) => !disabled));
});

test.serial('a host that is away for less than two minutes is waited for', async (t) => {
  const hosts = [{ name: 'a' }, { name: 'b', downAfter: 90, upAfter: 150 }, { name: 'c' }];
  const { detail } = await maintain(t, cloudOf(hosts, ['a', 'b', 'b'], 3), {});
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.deepEqual(statesOf(detail), { a: 'done', b: 'done', c: 'done' });
});

test.serial(
  'down_hosts: fail ends a session when one of its hosts dies with instances, and gives all back',
  async (t) => {
    const hosts = [{ name: 'a' }, { name: 'b', downAfter: 90 }, { name: 'c' }];
    const { detail } = await maintain(t, cloudOf(hosts, ['a', 'b', 'b'], 3), { policy: { down_hosts: 'fail' } });
    t.is(detail.state, 'MAINTENANCE_FAILED');
    t.like(detail.reason, { code: 'host-down', host: 'b' });
    t.true(detail.hosts.every(({ disabled }) => !disabled));
  },
);

test.serial('an instance that Nova does not evacuate is immovable: its host is left out by policy', async (t) => {
  const topology = cloudOf([{ name: 'a' }, { name: 'b', up: false }, { name: 'c' }], ['a', 'b'], 2);
  const [project] = topology.projects;
  const instances = project?.instances?.map((one) => (one.host === 'b' ? { ...one, state: 'PAUSED' as const } : one));
  const paused = { ...topology, projects: [{ ...project, name: 'p', instances: instances ?? [] }] };
  const failed = await maintain(t, paused);
  t.like(failed.detail.reason, { code: 'immovable' });
  t.regex(failed.detail.reason?.message ?? '', /Nova evacuates nothing that is in PAUSED/);
  const { detail } = await maintain(t, paused, { policy: { ...EVACUATE.policy, immovable: 'skip_host' } });
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.deepEqual(statesOf(detail), { a: 'done', b: 'skipped', c: 'done' });
});
