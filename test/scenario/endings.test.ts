import test from 'ava';
import { generateTopology, type Topology } from '../../src/simulator/index.js';
import { Scenario } from '../support/scenario.js';

const FLAVOR = { name: 'm', vcpus: 2, memoryMb: 4096, diskGb: 20 };
const COMPUTES = ['compute-1', 'compute-2', 'compute-3'];

/** Hosts for four instances each, all of one project. */
function cloudOf(
  hosts: readonly (Partial<Topology['hosts'][number]> & { readonly name: string })[],
  placed: readonly string[],
): Topology {
  const size = { vcpus: 8, memoryMb: 16_384, diskGb: 80 };
  const instances = placed.map((host, i) => ({ name: `vm-${i}`, flavor: FLAVOR.name, host, group: 'app' }));
  return {
    seed: 1,
    flavors: [FLAVOR],
    hosts: hosts.map((host) => ({ ...size, ...host })),
    controllers: [],
    projects: [{ name: 'p', groups: [{ name: 'app', maxOutOfService: 1 }], instances }],
  };
}

/** What the cloud says of its disabled compute services. */
function disabled({ system }: Scenario): (string | null)[] {
  return [...system.simulator.cloud.hosts.values()].filter((host) => !host.enabled).map((host) => host.disabledReason);
}

async function isClosed(scenario: Scenario, sessionId: string): Promise<boolean> {
  return (await scenario.history(sessionId)).some(({ what }) => what === 'closed');
}

test.serial('a host whose action failed stays disabled and says why, until the next session inherits it', async (t) => {
  const scenario = await Scenario.start(t);
  await scenario.system.startEngine();
  const failing = { plugin: 'noop', type: 'host', name: 'kernel', metadata: { fail_on: COMPUTES } } as const;
  const id = await scenario.create({ actions: [failing] });
  const failed = await scenario.finish(id);
  t.is(failed.reason?.code, 'plugin-failed');
  t.deepEqual(disabled(scenario), [`fenix ${id}: kernel failed`]);
  t.deepEqual(failed.hosts.map(({ state }) => state).sort(), ['in_maintenance', 'waiting', 'waiting']);
  const next = await scenario.finish(await scenario.create());
  t.is(next.state, 'MAINTENANCE_DONE');
  t.deepEqual(disabled(scenario), []);
});

test.serial('a session deleted while an action runs gives its host back once the action succeeded', async (t) => {
  const scenario = await Scenario.start(t);
  await scenario.system.startEngine();
  const id = await scenario.create();
  await scenario.until(async () =>
    (await scenario.history(id)).some(({ what, details }) => what === 'effect-begun' && details.plugin === 'noop'),
  );
  t.is(disabled(scenario).length, 1);
  await scenario.system.client.remove(id);
  await scenario.until(() => isClosed(scenario, id));
  t.deepEqual(disabled(scenario), []);
});

for (const state of ['MAINTENANCE', 'PLANNED_MAINTENANCE', 'MAINTENANCE_DONE'])
  test.serial(`a session deleted in ${state} leaves a cloud that the next one can maintain`, async (t) => {
    const topology = generateTopology({ hosts: 3, instances: 4, projects: 2, seed: 1, controllers: 0 });
    const scenario = await Scenario.start(t, { topology });
    await scenario.system.startEngine();
    const id = await scenario.create();
    await scenario.until(async () => (await scenario.states(id)).at(-1) === state);
    await scenario.system.client.remove(id);
    await scenario.until(() => isClosed(scenario, id));
    t.deepEqual(disabled(scenario), []);
    t.deepEqual(
      scenario.system.simulator.cloud.instances().filter(({ vmState }) => vmState === 'resized'),
      [],
    );
    const next = await scenario.finish(await scenario.create({ hosts: COMPUTES }));
    t.is(next.state, 'MAINTENANCE_DONE', JSON.stringify(next.reason));
    t.deepEqual(disabled(scenario), []);
  });

test.serial('a host that others disabled is maintained first, receives nothing and stays disabled', async (t) => {
  const hosts = [{ name: 'a', enabled: false, disabledReason: 'broken fan' }, { name: 'b' }, { name: 'c' }];
  const scenario = await Scenario.start(t, { topology: cloudOf(hosts, ['b', 'b', 'c']) });
  await scenario.system.startEngine();
  const detail = await scenario.finish(await scenario.create());
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.deepEqual(disabled(scenario), ['broken fan']);
  t.false(scenario.system.simulator.log.of('move-arrived').some(({ to }) => to === 'a'));
  t.false(scenario.system.simulator.log.of('alarm-post').some(({ state }) => state === 'SCALE_IN'));
});

test.serial('a project without manager is named, and nobody is told', async (t) => {
  const scenario = await Scenario.start(t, { managers: { projects: ['project-1'] } });
  await scenario.system.startEngine();
  const detail = await scenario.finish(await scenario.create());
  t.is(detail.reason?.code, 'no-manager');
  t.deepEqual(scenario.system.simulator.log.of('alarm-post'), []);
  t.deepEqual(disabled(scenario), []);
});

test.serial('projects that agree to scale in but free nothing are asked three times, not for ever', async (t) => {
  const full = ['a', 'a', 'a', 'a', 'b', 'b', 'b', 'b'];
  const scenario = await Scenario.start(t, {
    topology: cloudOf([{ name: 'a' }, { name: 'b' }], full),
    managers: { scaleInBy: 0 },
  });
  await scenario.system.startEngine();
  const detail = await scenario.finish(await scenario.create());
  t.is(detail.reason?.code, 'no-room');
  t.is(scenario.system.simulator.log.of('alarm-post').filter(({ state }) => state === 'SCALE_IN').length, 3);
});
