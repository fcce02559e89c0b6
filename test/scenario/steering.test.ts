import test, { type ExecutionContext } from 'ava';
import type { SessionDetail } from '../../src/client/index.js';
import { type Dialect, type GeneratorOptions, generateTopology } from '../../src/simulator/index.js';
import { Scenario } from '../support/scenario.js';

const CLOUD = { hosts: 4, instances: 6, projects: 2, seed: 3, controllers: 0, emptyHosts: 1 };

async function steered(
  t: ExecutionContext,
  cloud: GeneratorOptions = CLOUD,
  dialect: Dialect = 'reinstantiating',
): Promise<{ scenario: Scenario; id: string }> {
  const scenario = await Scenario.start(t, { topology: generateTopology(cloud), managers: { dialect } });
  await scenario.system.startEngine();
  return { scenario, id: await scenario.create({ policy: { steer_new: 'disable_waiting' } }) };
}

const enabled = ({ system }: Scenario): boolean =>
  [...system.simulator.cloud.hosts.values()].every((host) => host.enabled);

/** Hosts in the order in which they were maintained, each with the time. */
async function maintainedAt(scenario: Scenario, id: string): Promise<Map<string, Date>> {
  const done = (await scenario.history(id)).filter(({ what, details }) => what === 'host' && details.to === 'done');
  return new Map(done.map(({ at, details }) => [String(details.host), at]));
}

test.serial(
  'steer_new: replacements land on maintained hosts and are not moved again, with one impact each',
  async (t) => {
    const { scenario, id } = await steered(t);
    const { simulator } = scenario.system;
    const before = new Set(simulator.cloud.instances().map((instance) => instance.id));
    const detail: SessionDetail = await scenario.finish(id);
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    const maintained = await maintainedAt(scenario, id);
    const booted = simulator.log.of('instance-added').filter(({ instanceId }) => !before.has(instanceId));
    t.is(booted.length, CLOUD.instances);
    for (const { instanceId } of booted) {
      const claim = simulator.log.of('claim').find((entry) => entry.consumer === instanceId);
      t.true((maintained.get(String(claim?.host)) ?? new Date(8.64e15)) <= (claim?.at ?? new Date(0)), claim?.host);
    }
    t.deepEqual(simulator.log.of('move-begun'), []);
    t.deepEqual(detail.impacts.map(({ instance_id }) => instance_id).sort(), [...before].sort());
    t.true(detail.impacts.every(({ action }) => action === 'OWN_ACTION'));
    t.true(enabled(scenario));
    t.true(simulator.log.of('service').some(({ reason }) => reason?.startsWith(`fenix ${id}: new instances`)));
    t.deepEqual(simulator.report().violations, []);
  },
);

test.serial('steer_new: instances that we move are moved once, whatever waits disabled', async (t) => {
  const { scenario, id } = await steered(t, CLOUD, 'reference');
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  const { violations, moves } = scenario.system.simulator.report();
  t.true([...moves.values()].every((count) => count === 1));
  t.true(enabled(scenario));
  t.deepEqual(violations, []);
});

test.serial('steer_new: in a cloud that gets tight the session goes on as without it', async (t) => {
  const { scenario, id } = await steered(
    t,
    { ...CLOUD, hosts: 3, emptyHosts: 0, instances: 8, fill: 'full' },
    'reference',
  );
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.true(enabled(scenario));
  t.deepEqual(scenario.system.simulator.report().violations, []);
});

for (const ending of ['abort', 'delete', 'failure'] as const)
  test.serial(`steer_new: what waits disabled is enabled again at the end: ${ending}`, async (t) => {
    const { scenario, id } = await steered(t, CLOUD, ending === 'failure' ? 'refusing' : 'reference');
    const { client, simulator } = scenario.system;
    const isSteered = () => simulator.log.of('service').some(({ reason }) => reason?.includes('new instances'));
    await scenario.until(isSteered);
    await scenario.system.stopEngine();
    await scenario.system.startEngine();
    if (ending === 'abort') await client.control(id, { abort: {} });
    if (ending === 'delete') await client.remove(id);
    await scenario.until(async () => (await scenario.history(id)).some(({ what }) => what === 'closed'));
    t.true(enabled(scenario));
    t.deepEqual(simulator.report().violations, []);
  });
