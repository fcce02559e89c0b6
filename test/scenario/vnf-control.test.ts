import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { NewSession } from '../../src/client/index.js';
import { type GeneratorOptions, generateTopology } from '../../src/simulator/index.js';
import { finishWithRestarts } from '../support/restarts.js';
import { Scenario, type ScenarioOptions } from '../support/scenario.js';

const CLOUD: GeneratorOptions = { hosts: 4, instances: 6, projects: 2, seed: 1, controllers: 0 };

async function started(
  t: ExecutionContext,
  session: Partial<NewSession> = {},
  options: ScenarioOptions = {},
): Promise<{ scenario: Scenario; id: string }> {
  const scenario = await Scenario.start(t, { topology: generateTopology(CLOUD), ...options });
  await scenario.system.startEngine();
  return { scenario, id: await scenario.create({ workflow: 'vnf', ...session }) };
}

const moves = ({ system }: Scenario) => system.simulator.log.of('move-begun').length;
const violations = ({ system }: Scenario) => system.simulator.report().violations;

test.serial('vnf: paused, with notices open and moves in flight, nothing begins and nothing is lost', async (t) => {
  const { scenario, id } = await started(t);
  const { client } = scenario.system;
  await scenario.until(() => moves(scenario) > 0);
  await client.control(id, { pause: {} });
  await scenario.advance(60);
  const before = moves(scenario);
  const { state } = await client.show(id);
  await scenario.advance(7200);
  t.is(moves(scenario), before);
  t.is((await client.show(id)).state, state);
  await client.control(id, { resume: {} });
  t.is((await scenario.finish(id)).state, 'MAINTENANCE_DONE');
  t.deepEqual(violations(scenario), []);
});

test.serial(
  'vnf: aborted, everything is given back, and only who scaled in is told that it may scale back',
  async (t) => {
    const { scenario, id } = await started(t);
    const { client } = scenario.system;
    await scenario.until(() => moves(scenario) > 1);
    await client.control(id, { abort: {} });
    const detail = await scenario.finish(id);
    t.is(detail.state, 'MAINTENANCE_FAILED');
    t.is(detail.reason?.code, 'aborted');
    t.true(detail.hosts.every(({ disabled }) => !disabled));
    t.false(scenario.system.simulator.log.of('alarm-post').some(({ state }) => state === 'MAINTENANCE_COMPLETE'));
    t.deepEqual(violations(scenario), []);
  },
);

test.serial(
  'vnf: a host that an admin skips, and one that is marked as done, in the midst of being emptied',
  async (t) => {
    const { scenario, id } = await started(t);
    const { client } = scenario.system;
    const emptying = async () => (await client.detail(id)).hosts.filter(({ state }) => state === 'emptying');
    await scenario.until(async () => moves(scenario) > 0 && (await emptying()).length > 0);
    const skipped = String((await emptying())[0]?.hostname);
    await client.control(id, { skip_host: { host: skipped } });
    await scenario.until(async () => (await emptying()).some(({ hostname }) => hostname !== skipped));
    const marked = String((await emptying()).find(({ hostname }) => hostname !== skipped)?.hostname);
    await client.control(id, { mark_host_done: { host: marked } });
    const detail = await scenario.finish(id);
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    const state = (name: string) => detail.hosts.find(({ hostname }) => hostname === name)?.state;
    t.deepEqual([state(skipped), state(marked)], ['skipped', 'done']);
    t.false(detail.action_plugin_instances.some(({ hostname }) => hostname === skipped || hostname === marked));
    t.true(detail.hosts.every(({ disabled }) => !disabled));
    t.deepEqual(violations(scenario), []);
  },
);

test.serial('vnf: a failed plug-in holds its host alone, and is tried again when an admin says so', async (t) => {
  const metadata = { duration: 5, fail_on: ['compute-2'], fail_times: 1 };
  const actions = [{ plugin: 'noop', type: 'host', metadata }] as const;
  const { scenario, id } = await started(t, { actions, policy: { plugin_failed: 'ask' } });
  const { client } = scenario.system;
  await scenario.until(async () => {
    const { hosts } = await client.detail(id);
    return hosts.every(({ hostname, state }) => state === 'done' || hostname === 'compute-2');
  });
  t.is((await client.detail(id)).waiting?.for, 'question');
  await client.control(id, { retry_host: { host: 'compute-2' } });
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.is(detail.action_plugin_instances.find(({ hostname }) => hostname === 'compute-2')?.attempt, 2);
  t.deepEqual(violations(scenario), []);
});

test.serial('vnf: controllers come first, one at a time, and what is neither comes last', async (t) => {
  const topology = generateTopology({ ...CLOUD, controllers: 2 });
  const hosts = [...topology.hosts.map(({ name }) => name), 'controller-1', 'controller-2', 'storage-1'];
  const { scenario, id } = await started(t, { hosts }, { topology });
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  const order = (await scenario.history(id))
    .filter(({ what, details }) => what === 'host' && ['in_maintenance', 'done'].includes(String(details.to)))
    .map(({ details }) => `${details.host} ${details.to}`);
  t.deepEqual(order.slice(0, 4), [
    'controller-1 in_maintenance',
    'controller-1 done',
    'controller-2 in_maintenance',
    'controller-2 done',
  ]);
  t.deepEqual(order.slice(-2), ['storage-1 in_maintenance', 'storage-1 done']);
  t.deepEqual(violations(scenario), []);
});

for (const seed of [1, 2])
  test.serial(
    `vnf: engines that are stopped after any query move nothing twice and tell nobody twice (${seed})`,
    async (t) => {
      const directory = mkdtempSync(join(tmpdir(), 'fenix-scenario-'));
      t.teardown(() => rmSync(directory, { recursive: true }));
      const connection = `sqlite://${join(directory, 'fenix.sqlite')}`;
      const topology = generateTopology({ ...CLOUD, constraints: { maxImpacted: 1, recoveryTime: 30 } });
      const managers = { dialect: 'list', constraints: true } as const;
      const { scenario, id } = await started(t, {}, { topology, managers, connection });
      t.log(`${await finishWithRestarts(scenario, id, { most: 400, seed })} lives`);
      const detail = await scenario.system.client.detail(id);
      t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
      const report = scenario.system.simulator.report();
      t.deepEqual([report.violations, report.problems], [[], []]);
      t.deepEqual([...report.moves.values()], [1, 1, 1, 1, 1, 1]);
      const asked = (await scenario.history(id)).filter(
        ({ what, details }) => what === 'notice' && details.state === 'PLANNED_MAINTENANCE',
      );
      t.is(asked.length, 6);
    },
  );

test.serial(
  'vnf: what holds a host is told with the time since when, whatever the session’s state is meanwhile',
  async (t) => {
    const topology = generateTopology({ ...CLOUD, hosts: 6, instances: 12, emptyHosts: 0 });
    const { scenario, id } = await started(t, {}, { topology });
    const held = new Map<string, { because: string; since: string }>();
    const states = new Set<string>();
    let kept = 0;
    await scenario.until(async () => {
      const { state, hosts } = await scenario.system.client.detail(id);
      const isNew = !states.has(state);
      states.add(state);
      for (const { hostname, blocked } of hosts) {
        const before = held.get(hostname);
        if (blocked === undefined) held.delete(hostname);
        else held.set(hostname, blocked);
        if (before?.because !== blocked?.because || before === undefined) continue;
        t.is(blocked?.since, before.since, `${hostname}, ${blocked?.because}, in ${state}`);
        if (isNew) kept += 1;
      }
      return state === 'MAINTENANCE_DONE';
    });
    t.true(kept > 0, 'a host was held by the same over a change of state');
  },
);
