import test, { type ExecutionContext } from 'ava';
import type { SessionDetail } from '../../src/client/index.js';
import type { SessionPolicy } from '../../src/model/index.js';
import { generateTopology, type Topology } from '../../src/simulator/index.js';
import { Scenario, type ScenarioOptions } from '../support/scenario.js';

/** A session under a cloud-wide policy; the engine's default of each key is the option of its name. */
async function story(
  t: ExecutionContext,
  policy: SessionPolicy,
  options: ScenarioOptions = {},
  actions: Parameters<Scenario['create']>[0] = {},
): Promise<{ scenario: Scenario; detail: SessionDetail }> {
  const scenario = await Scenario.start(t, { ...options, options: { workflow: { ...policy } as never } });
  await scenario.system.startEngine();
  const id = await scenario.create(actions);
  return { scenario, detail: await scenario.finish(id) };
}

const statesOf = ({ hosts }: SessionDetail) =>
  Object.fromEntries(hosts.map(({ hostname, state }) => [hostname, state]));

test.serial(
  'a plug-in that fails on one host fails the session by default, and that host alone stays disabled',
  async (t) => {
    const actions = [{ plugin: 'noop', type: 'host' as const, metadata: { fail_on: ['compute-3'] } }];
    const { detail, scenario } = await story(t, {}, {}, { actions });
    t.is(detail.state, 'MAINTENANCE_FAILED');
    t.like(detail.reason, { code: 'plugin-failed', host: 'compute-3' });
    t.deepEqual(
      detail.hosts.filter((host) => host.disabled).map((host) => host.hostname),
      ['compute-3'],
    );
    t.deepEqual(
      scenario.system.simulator.report().violations.map(({ rule }) => rule),
      ['left-disabled'],
    );
  },
);

test.serial('plugin_failed: skip_host leaves that host out, disabled with the reason, and goes on', async (t) => {
  const actions = [{ plugin: 'noop', type: 'host' as const, metadata: { fail_on: ['compute-1'] } }];
  const cloud = { hosts: 4, instances: 4, emptyHosts: 2 };
  const { detail, scenario } = await story(t, { plugin_failed: 'skip_host' }, { cloud }, { actions });
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  const { 'compute-1': failed, ...others } = statesOf(detail);
  t.is(failed, 'failed');
  t.deepEqual(Object.values(others), ['done', 'done', 'done']);
  const service = scenario.system.simulator.log
    .of('service')
    .filter((entry) => entry.host === 'compute-1')
    .at(-1);
  t.false(service?.enabled);
  t.regex(service?.reason ?? '', /^fenix [0-9a-f-]{36}: .*noop.*failed/);
});

test.serial('plugin_failed: force counts as done by hand', async (t) => {
  const actions = [{ plugin: 'noop', type: 'host' as const, metadata: { fail_on: ['compute-1'] } }];
  const { detail, scenario } = await story(t, { plugin_failed: 'force' }, {}, { actions });
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.true(detail.hosts.every((host) => host.state === 'done' && !host.disabled));
  t.deepEqual(scenario.system.simulator.report().violations, []);
});

test.serial('a host more than the failure budget allows ends the session', async (t) => {
  const actions = [{ plugin: 'noop', type: 'host' as const, metadata: { fail_on: ['compute-1', 'compute-3'] } }];
  const policy = { plugin_failed: 'skip_host', failure_budget: 1 } as const;
  const { detail } = await story(t, policy, { cloud: { hosts: 4, instances: 6 } }, { actions });
  t.is(detail.state, 'MAINTENANCE_FAILED');
  t.is(detail.reason?.code, 'failure-budget');
});

test.serial(
  'an instance that Nova cannot move fails the session with its name, or leaves its host out by policy',
  async (t) => {
    const { hosts, flavors, projects } = generateTopology({
      hosts: 3,
      instances: 4,
      projects: 2,
      seed: 1,
      controllers: 0,
    });
    const [first, ...others] = projects;
    const groups = first?.groups?.map((group) => group) ?? [];
    const broken = first?.instances?.map((instance, i) =>
      i === 0 ? { ...instance, state: 'ERROR' as const } : instance,
    );
    const topology = {
      hosts,
      flavors,
      controllers: [],
      projects: [{ ...first, groups, instances: broken }, ...others],
    } as Topology;
    const failed = await story(t, {}, { topology });
    t.is(failed.detail.state, 'MAINTENANCE_FAILED');
    t.is(failed.detail.reason?.code, 'immovable');
    t.deepEqual(
      failed.detail.hosts.filter((host) => host.disabled),
      [],
    );
    const done = await story(t, { immovable: 'skip_host' }, { topology });
    t.is(done.detail.state, 'MAINTENANCE_DONE', JSON.stringify(done.detail.reason));
    t.deepEqual(Object.values(statesOf(done.detail)).sort(), ['done', 'done', 'skipped']);
    t.deepEqual(done.scenario.system.simulator.report().violations, []);
  },
);

test.serial('a policy that asks for constraints fails the session before anyone is told', async (t) => {
  const { detail, scenario } = await story(t, { constraints: 'require' });
  t.is(detail.reason?.code, 'constraints-missing');
  t.is(scenario.system.simulator.log.of('alarm-post').filter(({ state }) => state === 'MAINTENANCE').length, 0);
});
