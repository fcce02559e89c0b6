import test, { type ExecutionContext } from 'ava';
import { type GeneratorOptions, generateTopology, type Topology } from '../../src/simulator/index.js';
import { Scenario } from '../support/scenario.js';

const CLOUD = { hosts: 3, instances: 4, projects: 2, seed: 1, controllers: 0 };
/** A cloud in which a session comes through that state. */
const CLOUDS: Readonly<Record<string, GeneratorOptions>> = {
  MAINTENANCE: CLOUD,
  SCALE_IN: { ...CLOUD, hosts: 2, instances: 8, emptyHosts: 0, fill: 'full' },
  PREPARE_MAINTENANCE: { ...CLOUD, instances: 6, emptyHosts: 0 },
  START_MAINTENANCE: CLOUD,
  PLANNED_MAINTENANCE: CLOUD,
  MAINTENANCE_COMPLETE: CLOUD,
};

const disabled = ({ system }: Scenario) => [...system.simulator.cloud.hosts.values()].filter(({ enabled }) => !enabled);

async function inState(t: ExecutionContext, state: string): Promise<{ scenario: Scenario; id: string }> {
  const topology = generateTopology(CLOUDS[state] ?? CLOUD);
  const scenario = await Scenario.start(t, { topology, managers: { answerAfter: 20 } });
  await scenario.system.startEngine();
  const id = await scenario.create();
  const { log } = scenario.system.simulator;
  // In the midst of it: with a notice open, or a plug-in at work.
  await scenario.until(async () => {
    const isThere = (await scenario.system.client.show(id)).state === state;
    return isThere && (state === 'START_MAINTENANCE' || log.of('alarm-post').some((post) => post.state === state));
  });
  return { scenario, id };
}

for (const state of Object.keys(CLOUDS)) {
  test.serial(
    `a session paused in ${state} keeps its state, begins nothing, loses no answer, and goes on`,
    async (t) => {
      const { scenario, id } = await inState(t, state);
      const { client, simulator } = scenario.system;
      await client.control(id, { pause: {} });
      await scenario.advance(300);
      const begunAnything = (): number[] => [
        simulator.log.of('move-begun').length,
        simulator.log.of('alarm-post').length,
        simulator.log.of('service').length,
      ];
      const before = begunAnything();
      await scenario.system.stopEngine();
      await scenario.system.startEngine();
      await scenario.advance(7200);
      t.deepEqual(begunAnything(), before);
      const paused = await client.show(id);
      t.is(paused.state, state as typeof paused.state);
      t.not(paused.paused_at, null);
      await t.throwsAsync(client.resumeFailed(id), { code: 'not-resumable' });
      await client.control(id, { resume: {} });
      const detail = await scenario.finish(id);
      t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
      t.is(detail.paused_at, null);
      t.deepEqual(simulator.report().violations, []);
    },
  );

  test.serial(`a session aborted in ${state} gives everything back and is over`, async (t) => {
    const { scenario, id } = await inState(t, state);
    const { client, simulator } = scenario.system;
    await client.control(id, { abort: {} });
    const detail = await scenario.finish(id);
    t.is(detail.state, 'MAINTENANCE_FAILED');
    t.is(detail.reason?.code, 'aborted');
    t.deepEqual(disabled(scenario), []);
    await t.throwsAsync(client.resumeFailed(id), { code: 'not-resumable' });
    const told = simulator.log.of('alarm-post').filter((post) => post.state === 'MAINTENANCE_COMPLETE');
    if (state !== 'MAINTENANCE_COMPLETE') t.deepEqual(told, [], 'nobody scaled in yet');
    t.deepEqual(simulator.report().violations, []);
  });
}

test.serial('after an abort those who scaled in, and only they, are told once that they may scale back', async (t) => {
  const topology = generateTopology(CLOUDS.SCALE_IN ?? CLOUD);
  const scenario = await Scenario.start(t, { topology });
  await scenario.system.startEngine();
  const id = await scenario.create();
  await scenario.until(async () => (await scenario.states(id)).includes('START_MAINTENANCE'));
  await scenario.system.client.control(id, { abort: {} });
  const detail = await scenario.finish(id);
  t.is(detail.reason?.code, 'aborted');
  const scaledIn = detail.projects.filter((project) => project.scaled_in).map(({ project_id }) => project_id);
  const told = scenario.system.simulator.log
    .of('alarm-post')
    .filter((post) => post.state === 'MAINTENANCE_COMPLETE')
    .map(({ projectId }) => projectId);
  t.true(told.length > 0);
  t.deepEqual(told.sort(), scaledIn.sort());
});

async function maintained(t: ExecutionContext, topology: Topology, session: Parameters<Scenario['create']>[0] = {}) {
  const scenario = await Scenario.start(t, { topology });
  await scenario.system.startEngine();
  const id = await scenario.create(session);
  return { scenario, id, detail: await scenario.finish(id) };
}

const states = ({ detail }: Awaited<ReturnType<typeof maintained>>) =>
  Object.fromEntries(detail.hosts.map(({ hostname, state }) => [hostname, state]));

test.serial('a session of controllers alone tells no project and is done', async (t) => {
  const topology = generateTopology({ ...CLOUD, controllers: 2 });
  const hosts = ['controller-1', 'controller-2'];
  const actions = [{ plugin: 'noop', type: 'controller' as const }];
  const told = await maintained(t, topology, { hosts, actions });
  t.is(told.detail.state, 'MAINTENANCE_DONE', JSON.stringify(told.detail.reason));
  t.deepEqual(states(told), { 'controller-1': 'done', 'controller-2': 'done' });
  t.deepEqual(told.scenario.system.simulator.log.of('alarm-post'), []);
});

test.serial('a cloud without instances is maintained without telling anybody', async (t) => {
  const topology = generateTopology({ ...CLOUD, instances: 0, projects: 0, emptyHosts: 3 });
  const told = await maintained(t, topology);
  t.is(told.detail.state, 'MAINTENANCE_DONE', JSON.stringify(told.detail.reason));
  t.deepEqual(await told.scenario.states(told.id), [
    'MAINTENANCE',
    'START_MAINTENANCE',
    'MAINTENANCE_COMPLETE',
    'MAINTENANCE_DONE',
  ]);
});

test.serial('hosts that are down or of ironic are left out, with the reason, and the others maintained', async (t) => {
  const topology = generateTopology({ ...CLOUD, hosts: 5, emptyHosts: 3 });
  const { projects } = topology;
  const empty = topology.hosts.filter(
    ({ name }) => !projects.some(({ instances = [] }) => instances.some(({ host }) => host === name)),
  );
  const [bare, dead] = empty.map(({ name }) => name);
  const hosts = topology.hosts.map((host) => ({
    ...host,
    ...(host.name === bare && { hypervisorType: 'ironic' as const }),
    ...(host.name === dead && { up: false }),
  }));
  const told = await maintained(t, { ...topology, hosts });
  t.is(told.detail.state, 'MAINTENANCE_DONE', JSON.stringify(told.detail.reason));
  t.deepEqual(told.detail.excluded.map(({ hostname }) => hostname).sort(), [bare, dead].sort());
  t.true(told.detail.excluded.every(({ reason }) => reason !== ''));
  t.is(told.detail.hosts.length, 3);
});

test.serial('the scope narrows a session: one zone, without the hosts that it leaves out', async (t) => {
  const topology = generateTopology({ ...CLOUD, hosts: 6, emptyHosts: 3, instances: 6, zones: 2 });
  const zone = topology.hosts[0]?.zone ?? '';
  const inZone = topology.hosts.filter((host) => host.zone === zone).map(({ name }) => name);
  const [left, ...others] = inZone;
  const told = await maintained(t, topology, { scope: { zone, exclude_hosts: [String(left)] } });
  t.deepEqual(told.detail.hosts.map(({ hostname }) => hostname).sort(), others.sort());
});

test.serial('a scope that Nova does not know fails the session before anybody is told', async (t) => {
  const told = await maintained(t, generateTopology(CLOUD), { scope: { zone: 'nowhere' } });
  t.is(told.detail.state, 'MAINTENANCE_FAILED');
  t.regex(told.detail.reason?.message ?? '', /nowhere/);
  t.deepEqual(told.scenario.system.simulator.log.of('alarm-post'), []);
});

test.serial('each host is told of twice and each state once, to the admin project by id', async (t) => {
  const told = await maintained(t, generateTopology(CLOUD));
  const { database, simulator } = told.scenario.system;
  const rows = await database.knex('outbox').where({ session_id: told.id }).orderBy('seq');
  const payloads = (type: string): Record<string, unknown>[] =>
    rows.filter((row) => row.event_type === type).map((row) => JSON.parse(row.payload));
  const ofHosts = payloads('maintenance.host').map(({ host, state }) => `${host} ${state}`);
  const hosts = told.detail.hosts.map(({ hostname }) => hostname);
  t.deepEqual(
    ofHosts.sort(),
    hosts.flatMap((host) => [`${host} IN_MAINTENANCE`, `${host} MAINTENANCE_COMPLETE`]).sort(),
  );
  const ofSession = payloads('maintenance.session').map(({ state }) => state);
  const changes = ofSession.filter((state, i) => state !== ofSession[i - 1]);
  t.deepEqual(changes, (await told.scenario.states(told.id)).slice(changes[0] === 'MAINTENANCE' ? 0 : 1));
  const all = [...payloads('maintenance.host'), ...payloads('maintenance.session')];
  t.is(new Set(all.map(({ project_id }) => project_id)).size, 1);
  t.regex(String(all[0]?.project_id), /^[0-9a-f]{32}$/);
  t.deepEqual(simulator.report().violations, []);
});
