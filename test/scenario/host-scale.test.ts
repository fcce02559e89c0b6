import test, { type ExecutionContext } from 'ava';
import type { NewSession, SessionDetail } from '../../src/client/index.js';
import { generateTopology, type Topology } from '../../src/simulator/index.js';
import { finishWithRestarts } from '../support/restarts.js';
import { Scenario, type ScenarioOptions } from '../support/scenario.js';
import { inTwoParts } from '../support/two-parts.js';

type Action = NonNullable<NewSession['actions']>[number];

const WORKFLOWS = ['default', 'vnf'] as const;
const CLOUD = { hosts: 4, instances: 6, projects: 2, seed: 1, controllers: 0, emptyHosts: 1 };
const NOOP: Action = { plugin: 'noop', type: 'compute', metadata: { duration: 30 } };

const retire = (...hosts: string[]): Action => ({
  plugin: 'host-scale',
  type: 'host',
  metadata: { retire: { hosts } },
});
const add = (host: string, more: object = {}): Action => ({
  plugin: 'host-scale',
  type: 'pre',
  metadata: { add: { hosts: [host], ...more } },
});

async function begun(t: ExecutionContext, session: Partial<NewSession>, options: ScenarioOptions = {}) {
  const scenario = await Scenario.start(t, { topology: generateTopology(CLOUD), ...options });
  await scenario.system.startEngine();
  return { scenario, id: await scenario.create(session) };
}

/** What was sent of hosts, in order, as `host STATE`. */
async function toldOf({ system }: Scenario, id: string, host: string): Promise<string[]> {
  const rows = await system.database.knex('outbox').where({ session_id: id, event_type: 'maintenance.host' });
  const sorted = rows.sort((a, b) => a.seq - b.seq).map((row) => JSON.parse(row.payload));
  return sorted.filter((payload) => payload.host === host).map(({ state }) => state);
}

const hostOf = (detail: SessionDetail, name: string) => detail.hosts.find(({ hostname }) => hostname === name);
const wellDone = (t: ExecutionContext, { system }: Scenario, detail: SessionDetail): void => {
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  const { violations, problems } = system.simulator.report();
  t.deepEqual([violations, problems], [[], []]);
};
const movesTo = ({ system }: Scenario, host: string) =>
  system.simulator.log.of('move-scheduled').filter(({ to }) => to === host);

/** A host as large as the others of that cloud. */
const alike = ({ hosts }: Topology, name: string) => ({ ...(hosts[0] as Topology['hosts'][number]), name });

for (const workflow of WORKFLOWS) {
  test.serial(
    `${workflow}: a retired host is emptied, leaves the cloud for good, and takes nothing before`,
    async (t) => {
      const aggregates = [{ name: 'fast', hosts: ['compute-2', 'compute-3'] }];
      const topology = { ...generateTopology(CLOUD), aggregates };
      const { scenario, id } = await begun(t, { workflow, actions: [retire('compute-2'), NOOP] }, { topology });
      const detail = await scenario.finish(id);
      wellDone(t, scenario, detail);
      const { cloud } = scenario.system.simulator;
      t.deepEqual([...cloud.hosts.keys()], ['compute-1', 'compute-3', 'compute-4']);
      t.deepEqual(
        cloud.aggregates.map(({ hosts }) => hosts),
        [['compute-3']],
      );
      t.deepEqual(movesTo(scenario, 'compute-2'), []);
      t.like(hostOf(detail, 'compute-2'), { state: 'done', maintained: true, disabled: false, scaled: 'removed' });
      t.deepEqual(await toldOf(scenario, id, 'compute-2'), ['IN_MAINTENANCE', 'MAINTENANCE_COMPLETE', 'HOST_REMOVED']);
      const onIt = detail.action_plugin_instances.filter(({ hostname }) => hostname === 'compute-2');
      t.deepEqual(
        onIt.map(({ name, state }) => [name, state]),
        [['host-scale', 'DONE']],
        'nothing more runs there',
      );
      t.is(detail.percent_done, 100);
    },
  );

  test.serial(
    `${workflow}: a host that joins the cloud is waited for, and instances move onto it at once`,
    async (t) => {
      const full = generateTopology({ ...CLOUD, hosts: 3, instances: 6, emptyHosts: 0, fill: 'full' });
      const aggregates = [{ name: 'fast', hosts: ['compute-1'] }];
      const topology = { ...full, aggregates };
      const actions = [add('compute-9', { aggregates: ['fast'] }), NOOP];
      const { scenario, id } = await begun(t, { workflow, actions }, { topology });
      const { simulator, client } = scenario.system;
      await scenario.advance(600);
      t.is((await client.show(id)).state, 'MAINTENANCE');
      simulator.addHost({ ...alike(full, 'compute-9'), enabled: false, disabledReason: NEW });
      const detail = await scenario.finish(id);
      wellDone(t, scenario, detail);
      t.like(hostOf(detail, 'compute-9'), { state: 'done', maintained: true, scaled: 'added' });
      t.deepEqual(await toldOf(scenario, id, 'compute-9'), ['HOST_ADDED']);
      t.deepEqual(simulator.cloud.aggregates[0]?.hosts, ['compute-1', 'compute-9']);
      t.true(simulator.cloud.hosts.get('compute-9')?.enabled);
      t.true(movesTo(scenario, 'compute-9').length > 0);
      t.deepEqual(
        simulator.log.of('alarm-post').filter(({ state }) => state === 'SCALE_IN'),
        [],
        'its room is enough',
      );
      t.is(detail.hosts.length, 4);
    },
  );

  test.serial(
    `${workflow}: projects are asked to scale in where too little room is left without the host`,
    async (t) => {
      // Room for all of them with three hosts, not with two.
      const topology = generateTopology({ ...CLOUD, hosts: 3, instances: 10, emptyHosts: 0, fill: 'full' });
      const [busiest] = fullest(topology);
      const { scenario, id } = await begun(
        t,
        { workflow, hosts: [String(busiest)], actions: [retire(String(busiest))] },
        { topology, managers: { dialect: 'reference' } },
      );
      const detail = await scenario.finish(id);
      wellDone(t, scenario, detail);
      const { simulator } = scenario.system;
      t.true(simulator.log.of('alarm-post').some(({ state }) => state === 'SCALE_IN'));
      t.false(simulator.cloud.hosts.has(String(busiest)));
    },
  );

  test.serial(`${workflow}: engines that are stopped anywhere retire and add each host once`, async (t) => {
    const topology = generateTopology(CLOUD);
    const actions = [add('compute-9'), retire('compute-2'), { ...NOOP, metadata: { duration: 5 } }];
    const { scenario, id } = await begun(t, { workflow, actions }, { topology });
    scenario.system.simulator.addHost(alike(topology, 'compute-9'));
    const restarts = await finishWithRestarts(scenario, id, { most: 120, seed: 3 });
    t.log(`${restarts} restarts`);
    t.true(restarts > 5);
    const detail = await scenario.finish(id);
    wellDone(t, scenario, detail);
    t.deepEqual(await toldOf(scenario, id, 'compute-9'), ['HOST_ADDED']);
    t.is((await toldOf(scenario, id, 'compute-2')).filter((state) => state === 'HOST_REMOVED').length, 1);
    const deletions = scenario.system.simulator.log.of('call').filter(({ method }) => method === 'DELETE');
    t.deepEqual(
      deletions.filter(({ path }) => path.includes('/os-services/')).map(({ status }) => status),
      [204],
    );
  });

  test.serial(
    `${workflow}: a host that was retired before an abort stays away, all others are given back`,
    async (t) => {
      const actions = [retire('compute-2'), { ...NOOP, metadata: { duration: 600 } }];
      const { scenario, id } = await begun(t, { workflow, actions });
      const { simulator, client } = scenario.system;
      await scenario.until(() => !simulator.cloud.hosts.has('compute-2'));
      await scenario.until(async () => hostOf(await client.detail(id), 'compute-2')?.state === 'done');
      await client.control(id, { abort: {} });
      const detail = await scenario.finish(id);
      t.is(detail.reason?.code, 'aborted');
      t.like(hostOf(detail, 'compute-2'), { scaled: 'removed', state: 'done', disabled: false });
      t.true([...simulator.cloud.hosts.values()].every(({ enabled }) => enabled));
      t.deepEqual(simulator.report().violations, []);
    },
  );

  test.serial(`${workflow}: a host of add_hosts that Nova does not know is added by a run of its own`, async (t) => {
    const topology = generateTopology(CLOUD);
    const { scenario, id } = await begun(t, { workflow, actions: [NOOP] }, { topology });
    const { client, simulator } = scenario.system;
    await scenario.until(() => simulator.log.of('move-begun').length > 0);
    await client.control(id, { add_hosts: { hosts: ['compute-9'] } });
    // All others are through, and it is still on its way.
    await scenario.until(async () => {
      const { hosts } = await client.detail(id);
      return hosts.every(({ state, disabled }) => state === 'done' && !disabled);
    });
    await scenario.advance(60);
    t.regex(JSON.stringify((await client.detail(id)).waiting), /host-scale.*compute-9/);
    simulator.addHost(alike(topology, 'compute-9'));
    const detail = await scenario.finish(id);
    wellDone(t, scenario, detail);
    t.like(hostOf(detail, 'compute-9'), { state: 'done', maintained: true, scaled: 'added' });
    t.deepEqual(await toldOf(scenario, id, 'compute-9'), ['HOST_ADDED']);
    const run = detail.action_plugin_instances.find(({ hostname }) => hostname === 'compute-9');
    t.like(run, { name: 'host-scale', type: 'pre', state: 'DONE' });
  });
}

/** What Nova writes where `enable_new_services` is off. */
const NEW = 'New compute service disabled due to config option.';

function fullest({ projects }: Topology): string[] {
  const counts = new Map<string, number>();
  for (const { host } of projects.flatMap(({ instances = [] }) => instances))
    counts.set(host, (counts.get(host) ?? 0) + 1);
  return [...counts].sort(([, one], [, two]) => two - one).map(([host]) => host);
}

test.serial(
  'a host that never joins fails the session with a word on what is missing, and a continued one adds it',
  async (t) => {
    const topology = generateTopology(CLOUD);
    const { scenario, id } = await begun(t, { actions: [add('compute-9', { timeout: 300 }), NOOP] }, { topology });
    const failed = await scenario.finish(id);
    t.is(failed.state, 'MAINTENANCE_FAILED');
    t.is(failed.reason?.code, 'plugin-failed');
    t.regex(failed.reason?.message ?? '', /compute-9 has not joined the cloud: Nova has no compute service/);
    t.deepEqual(scenario.system.simulator.log.of('move-begun'), [], 'no host was touched');
    scenario.system.simulator.addHost(alike(topology, 'compute-9'));
    await scenario.system.client.resumeFailed(id);
    const detail = await scenario.finish(id);
    wellDone(t, scenario, detail);
    t.like(hostOf(detail, 'compute-9'), { scaled: 'added' });
  },
);

test.serial('a host that two sessions add belongs to the one that claimed it first', async (t) => {
  const topology = generateTopology({ ...CLOUD, hosts: 6, instances: 8, emptyHosts: 2 });
  const [hosts, others] = inTwoParts(topology);
  const { scenario, id } = await begun(t, { hosts, actions: [add('compute-9'), NOOP] }, { topology });
  const { client, simulator } = scenario.system;
  const second = await scenario.create({ hosts: others, actions: [NOOP] });
  await client.control(second, { add_hosts: { hosts: ['compute-9'] } });
  await scenario.advance(30);
  simulator.addHost(alike(topology, 'compute-9'));
  const details = [await scenario.finish(id), await scenario.finish(second)];
  for (const detail of details) wellDone(t, scenario, detail);
  t.deepEqual(
    details.map((detail) => hostOf(detail, 'compute-9')?.scaled),
    [undefined, 'added'],
  );
  t.deepEqual(
    [await toldOf(scenario, id, 'compute-9'), await toldOf(scenario, second, 'compute-9')],
    [[], ['HOST_ADDED']],
  );
  const noted = (await scenario.history(id)).find(({ what }) => what === 'host-added');
  t.is(noted?.details.claimedBy, second);
});

test.serial('a name to retire that Nova does not know is refused before anyone is told', async (t) => {
  const { scenario, id } = await begun(t, { actions: [retire('compute-22')] });
  const detail = await scenario.finish(id);
  t.like(detail.reason, { code: 'plugin-failed', plugin: 'host-scale' });
  t.deepEqual(scenario.system.simulator.log.of('alarm-post'), []);
});

test.serial('a host to retire that the session does not have is refused before anyone is told, by name', async (t) => {
  const hosts = ['compute-1', 'compute-3', 'compute-4'];
  const { scenario, id } = await begun(t, { hosts, actions: [retire('compute-1', 'compute-2')] });
  const { reason } = await scenario.finish(id);
  t.like(reason, { code: 'not-in-session', host: 'compute-2', plugin: 'host-scale' });
  t.regex(reason?.message ?? '', /host-scale is to take compute-2 out of the cloud/);
  t.deepEqual(scenario.system.simulator.log.of('alarm-post'), []);
  await scenario.system.client.control(id, { add_hosts: { hosts: ['compute-2'] } });
  await scenario.system.client.resumeFailed(id);
  const detail = await scenario.finish(id);
  wellDone(t, scenario, detail);
  t.deepEqual([...scenario.system.simulator.cloud.hosts.keys()], ['compute-3', 'compute-4']);
});

test.serial('the provider of a nova-compute that ran on is taken out of Placement', async (t) => {
  const generated = generateTopology(CLOUD);
  const hosts = generated.hosts.map((host) => ({ ...host, leavesProvider: host.name === 'compute-2' }));
  const { scenario, id } = await begun(t, { actions: [retire('compute-2')] }, { topology: { ...generated, hosts } });
  wellDone(t, scenario, await scenario.finish(id));
  t.is(scenario.system.simulator.cloud.leftProviders.size, 0);
});

test.serial('what cannot leave a host that is to be retired is not stopped there: the host is left out', async (t) => {
  const size = { vcpus: 8, memoryMb: 16_384, diskGb: 80 };
  const topology: Topology = {
    flavors: [{ name: 'm', vcpus: 2, memoryMb: 4096, diskGb: 20 }],
    hosts: [
      { name: 'a', ...size, zone: 'west' },
      { name: 'b', ...size },
    ],
    controllers: [],
    projects: [{ name: 'p', instances: [{ name: 'vm', flavor: 'm', host: 'a' }] }],
  };
  for (const workflow of WORKFLOWS) {
    const session = { workflow, actions: [retire('a')], policy: { immovable: 'stop_while_out' as const } };
    const { scenario, id } = await begun(t, session, { topology });
    const detail = await scenario.finish(id);
    t.like(hostOf(detail, 'a'), { state: 'skipped' }, workflow);
    t.true(scenario.system.simulator.cloud.hosts.get('a')?.enabled);
    t.is(scenario.system.simulator.cloud.instances()[0]?.running, true);
    await scenario.stop();
  }
});
