import test, { type ExecutionContext } from 'ava';
import type { NewSession } from '../../src/client/index.js';
import { generateTopology, type Topology } from '../../src/simulator/index.js';
import { finishWithRestarts } from '../support/restarts.js';
import { Scenario } from '../support/scenario.js';

type Action = NonNullable<NewSession['actions']>[number];

const GENERATED = generateTopology({ hosts: 3, instances: 4, projects: 2, seed: 1, controllers: 0 });
/** Does without one of its hosts. */
const ROOMY = generateTopology({ hosts: 4, instances: 4, projects: 2, seed: 1, controllers: 0, emptyHosts: 2 });
const guarded = (topology: Topology): Topology => ({
  ...topology,
  segments: [{ name: 'rack', hosts: topology.hosts.map(({ name }) => name) }],
});
const GUARDED = guarded(GENERATED);
const MASAKARI: Action = { plugin: 'masakari-maintenance', type: 'host', order: -1 };
const WORK: Action = { plugin: 'noop', type: 'host', metadata: { duration: 30 } };

async function begun(t: ExecutionContext, session: Partial<NewSession>, topology: Topology) {
  const scenario = await Scenario.start(t, { topology });
  await scenario.system.startEngine();
  return { scenario, id: await scenario.create(session) };
}

const flags = ({ system }: Scenario): boolean[] =>
  system.simulator.cloud.segments.flatMap(({ hosts }) => hosts.map(({ onMaintenance }) => onMaintenance));
const flagged = ({ system }: Scenario): string[] =>
  system.simulator.cloud.segments
    .flatMap(({ hosts }) => hosts.filter((host) => host.onMaintenance))
    .map(({ name }) => name);
const disabled = ({ system }: Scenario): string[] =>
  [...system.simulator.cloud.hosts.values()].filter(({ enabled }) => !enabled).map(({ name }) => name);

for (const workflow of ['default', 'vnf']) {
  test.serial(
    `${workflow}: Masakari leaves a host alone while it is out, and looks after it again afterwards`,
    async (t) => {
      const { scenario, id } = await begun(t, { workflow, actions: [MASAKARI, WORK] }, GUARDED);
      const { simulator, client } = scenario.system;
      let seen = 0;
      await scenario.until(async () => {
        const detail = await client.detail(id);
        const working = detail.action_plugin_instances.filter(
          ({ name, state }) => name === 'noop' && state === 'RUNNING',
        );
        for (const { hostname } of working) {
          seen += 1;
          if (!flagged(scenario).includes(hostname)) t.fail(`${hostname} is worked on and not on maintenance`);
        }
        return detail.state === 'MAINTENANCE_DONE';
      });
      t.true(seen >= 3);
      await scenario.finish(id);
      t.deepEqual(flags(scenario), [false, false, false]);
      t.is(
        simulator.log.of('call').filter(({ method, path }) => method === 'PUT' && path.includes('/instance-ha/'))
          .length,
        6,
      );
      t.deepEqual(simulator.report().violations, []);
    },
  );
}

test.serial('a failed host stays on maintenance with its service disabled, until an admin releases it', async (t) => {
  for (const release of ['skip_host', 'mark_host_done'] as const) {
    const failing = { ...WORK, metadata: { fail_on: ['compute-1'] } };
    const session = { actions: [MASAKARI, failing], policy: { plugin_failed: 'skip_host' as const } };
    const { scenario, id } = await begun(t, session, guarded(ROOMY));
    const done = await scenario.finish(id);
    t.is(done.state, 'MAINTENANCE_DONE');
    t.deepEqual([flagged(scenario), disabled(scenario)], [['compute-1'], ['compute-1']]);
    await scenario.system.client.control(id, { [release]: { host: 'compute-1' } } as never);
    await scenario.finish(id);
    t.deepEqual([flagged(scenario), disabled(scenario)], [[], []], release);
    await scenario.stop();
  }
});

test.serial('an aborted session takes maintenance back in Masakari as well', async (t) => {
  const { scenario, id } = await begun(t, { actions: [MASAKARI, { ...WORK, metadata: { duration: 600 } }] }, GUARDED);
  await scenario.until(() => flagged(scenario).length > 0);
  await scenario.system.client.control(id, { abort: {} });
  t.is((await scenario.finish(id)).reason?.code, 'aborted');
  t.deepEqual([flagged(scenario), disabled(scenario)], [[], []]);
});

test.serial('what somebody else had set in Masakari before stays so', async (t) => {
  const { scenario, id } = await begun(t, { actions: [MASAKARI, WORK] }, GUARDED);
  const host = scenario.system.simulator.cloud.segments[0]?.hosts.find(({ name }) => name === 'compute-2');
  if (host !== undefined) host.onMaintenance = true;
  t.is((await scenario.finish(id)).state, 'MAINTENANCE_DONE');
  t.deepEqual(flagged(scenario), ['compute-2']);
});

test.serial('engines that are stopped anywhere leave no host on maintenance', async (t) => {
  const { scenario, id } = await begun(t, { workflow: 'vnf', actions: [MASAKARI, { ...WORK, metadata: {} }] }, GUARDED);
  t.true((await finishWithRestarts(scenario, id, { most: 120, seed: 2 })) > 5);
  t.is((await scenario.finish(id)).state, 'MAINTENANCE_DONE');
  t.deepEqual(flags(scenario), [false, false, false]);
});

test.serial('in a cloud without Masakari the session fails before anyone is told, and says why', async (t) => {
  const { scenario, id } = await begun(t, { actions: [MASAKARI] }, GENERATED);
  const detail = await scenario.finish(id);
  t.is(detail.reason?.code, 'plugin-failed');
  t.regex(detail.reason?.message ?? '', /no .*endpoint of type instance-ha/);
  t.deepEqual(scenario.system.simulator.log.of('alarm-post'), []);
});

/** The generated flavor is larger than what a test needs. */
const TESTING: Topology = {
  ...GENERATED,
  flavors: [...GENERATED.flavors, { name: 'probe', vcpus: 1, memoryMb: 64, diskGb: 0 }],
};
const verify = (metadata: object = {}): Action => ({
  plugin: 'verify-host',
  type: 'compute',
  order: 9,
  metadata: { instance: { image: 'cirros', flavor: 'probe' }, ...metadata },
});
const probes = ({ system }: Scenario) =>
  system.simulator.log.of('instance-added').filter(({ name }) => name.startsWith('fenix-verify-'));

for (const workflow of ['default', 'vnf']) {
  test.serial(`${workflow}: each host is tried with an instance of its own, of which nothing is left`, async (t) => {
    const { scenario, id } = await begun(t, { workflow, actions: [WORK, verify()] }, TESTING);
    const detail = await scenario.finish(id);
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    t.is(probes(scenario).length, 3);
    const { simulator } = scenario.system;
    t.deepEqual(
      simulator.cloud.instances().filter(({ name }) => name.startsWith('fenix-verify-')),
      [],
    );
    t.deepEqual([disabled(scenario), simulator.report().violations], [[], []]);
    t.is(new Set(detail.hosts.map(({ maintained }) => maintained)).size, 1);
  });
}

test.serial('engines that are stopped anywhere leave no test instance', async (t) => {
  const { scenario, id } = await begun(t, { actions: [verify()] }, TESTING);
  t.true((await finishWithRestarts(scenario, id, { most: 200, seed: 4 })) > 5);
  t.is((await scenario.finish(id)).state, 'MAINTENANCE_DONE');
  const { simulator } = scenario.system;
  t.deepEqual(
    simulator.cloud.instances().filter(({ name }) => name.startsWith('fenix-verify-')),
    [],
  );
  t.deepEqual([disabled(scenario), simulator.report().violations], [[], []]);
});

test.serial(
  'a host on which no instance starts fails its session, stays disabled and has nothing left on it',
  async (t) => {
    const huge = {
      ...TESTING,
      flavors: [...GENERATED.flavors, { name: 'probe', vcpus: 999, memoryMb: 64, diskGb: 0 }],
    };
    const { scenario, id } = await begun(t, { actions: [verify()] }, huge);
    const detail = await scenario.finish(id);
    t.regex(detail.reason?.message ?? '', /test instance failed: Nova has it in ERROR/);
    t.is(disabled(scenario).length, 1);
    t.deepEqual(
      scenario.system.simulator.cloud.instances().filter(({ name }) => name.startsWith('fenix-verify-')),
      [],
    );
  },
);

test.serial('a host that does not come back, or comes back with less, is not given back', async (t) => {
  const { scenario, id } = await begun(t, { actions: [WORK, verify({ timeout: 60 })] }, TESTING);
  const { simulator, client } = scenario.system;
  await scenario.until(async () => (await client.detail(id)).hosts.some(({ state }) => state === 'in_maintenance'));
  const out = (await client.detail(id)).hosts.find(({ state }) => state === 'in_maintenance')?.hostname ?? '';
  simulator.setHostUp(out, false);
  const detail = await scenario.finish(id);
  t.regex(detail.reason?.message ?? '', new RegExp(`Host ${out} is not as it should be: its compute service is down`));
  t.deepEqual(disabled(scenario), [out]);
  await scenario.stop();

  const wanting = await begun(t, { actions: [verify({ vcpus: 999, timeout: 60 })] }, TESTING);
  const refused = await wanting.scenario.finish(wanting.id);
  t.regex(refused.reason?.message ?? '', /it has vcpus \d+, and 999 are wanted/);
});
