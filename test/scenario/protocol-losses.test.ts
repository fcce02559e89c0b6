import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type NewSession, type SessionDetail } from '../../src/client/index.js';
import { generateTopology, type Topology } from '../../src/simulator/index.js';
import { Scenario, type ScenarioOptions } from '../support/scenario.js';

const CLOUD = generateTopology({ hosts: 3, instances: 4, projects: 2, seed: 1, controllers: 0 });
const EMPTY = CLOUD.hosts.find(
  ({ name }) => !CLOUD.projects.some(({ instances = [] }) => instances.some(({ host }) => host === name)),
)?.name;

async function story(
  t: ExecutionContext,
  session: Partial<NewSession>,
  topology: Topology = CLOUD,
  options: ScenarioOptions = {},
): Promise<{ scenario: Scenario; detail: SessionDetail }> {
  const scenario = await Scenario.start(t, { ...options, topology });
  await scenario.system.startEngine();
  return { scenario, detail: await scenario.finish(await scenario.create(session)) };
}

/** Each move leaves its instance in ERROR. */
const FAILING: Topology = { ...CLOUD, faults: { seed: 1, moves: { error: 1 } } };

test.serial(
  'a failed move fails the session, names the instance, and no action runs where instances are',
  async (t) => {
    const { detail } = await story(t, {}, FAILING);
    t.is(detail.state, 'MAINTENANCE_FAILED');
    t.is(detail.prev_state, 'PLANNED_MAINTENANCE');
    t.true(detail.instances.some(({ instance_id }) => instance_id === detail.reason?.instance_id));
    t.deepEqual(new Set(detail.action_plugin_instances.map(({ hostname }) => hostname)), new Set([EMPTY]));
    t.true(detail.hosts.every(({ disabled }) => !disabled));
  },
);

for (const reach of ['skip_host', 'force'] as const)
  test.serial(
    `instance_failed: ${reach} leaves out the hosts that cannot be emptied, enabled, and goes on`,
    async (t) => {
      const { detail } = await story(t, { policy: { instance_failed: reach } }, FAILING);
      t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
      t.deepEqual(
        detail.hosts.filter(({ state }) => state === 'done').map(({ hostname }) => hostname),
        [EMPTY],
      );
      t.is(detail.hosts.filter(({ state, disabled }) => state === 'skipped' && !disabled).length, 2);
    },
  );

for (const event of ['instance_failed', 'plugin_failed'] as const)
  test.serial(`${event}: ask keeps the host waiting for an admin, who leaves it out`, async (t) => {
    const topology = event === 'instance_failed' ? FAILING : CLOUD;
    const fail_on = event === 'plugin_failed' ? ['compute-1'] : [];
    const scenario = await Scenario.start(t, { topology });
    await scenario.system.startEngine();
    const { client } = scenario.system;
    const actions = [{ plugin: 'noop', type: 'host' as const, metadata: { fail_on } }];
    const id = await scenario.create({ actions, policy: { [event]: 'ask' } });
    const asked = new Set<string>();
    await scenario.until(async () => {
      for (const { what, details } of await scenario.history(id)) {
        const host = String(details.host);
        if (what !== 'question' || asked.has(host)) continue;
        asked.add(host);
        await client.control(id, { skip_host: { host } });
      }
      return ['MAINTENANCE_DONE', 'MAINTENANCE_FAILED'].includes((await client.show(id)).state);
    });
    const { state, reason, hosts } = await client.detail(id);
    t.is(state, 'MAINTENANCE_DONE', JSON.stringify(reason));
    t.deepEqual(
      hosts
        .filter((host) => host.state === 'skipped')
        .map(({ hostname }) => hostname)
        .sort(),
      [...asked].sort(),
    );
    t.true(asked.size > 0);
    t.true(hosts.every(({ disabled }) => !disabled));
  });

test.serial('down_hosts: fail ends the session that has a host which is down, before anybody is told', async (t) => {
  const hosts = CLOUD.hosts.map((host) => (host.name !== EMPTY ? { ...host, up: false } : host));
  const { detail, scenario } = await story(t, { policy: { down_hosts: 'fail' } }, { ...CLOUD, hosts });
  t.is(detail.state, 'MAINTENANCE_FAILED');
  t.regex(detail.reason?.message ?? '', /compute-\d/);
  t.deepEqual(scenario.system.simulator.log.of('alarm-post'), []);
});

test.serial('the resize that an owner has not confirmed yet is waited for, never confirmed for them', async (t) => {
  const [first, ...others] = CLOUD.projects;
  const [one, ...more] = first?.instances ?? [];
  if (first === undefined || one === undefined) throw new Error('no instance');
  const resized = { ...one, resizedFrom: String(EMPTY), confirmAfter: 900 };
  const topology = { ...CLOUD, projects: [{ ...first, instances: [resized, ...more] }, ...others] };
  const { detail, scenario } = await story(t, {}, topology);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.deepEqual(scenario.system.simulator.report().violations, []);
});

test.serial(
  'an action whose check says no fails the session before anybody is told or any host disabled',
  async (t) => {
    const place = mkdtempSync(join(tmpdir(), 'fenix-plugins-'));
    t.teardown(() => rmSync(place, { recursive: true }));
    mkdirSync(join(place, 'actions'));
    const code =
      "{ name: 'picky', version: '1', check: async ({ host }) => host !== 'compute-2', run: async () => 'DONE' }";
    writeFileSync(join(place, 'actions', 'picky.mjs'), `export default ${code};`);
    const options = { options: { DEFAULT: { plugin_path: place } } };
    const { detail, scenario } = await story(t, { actions: [{ plugin: 'picky', type: 'host' }] }, CLOUD, options);
    t.is(detail.state, 'MAINTENANCE_FAILED');
    t.like(detail.reason, { code: 'plugin-failed', host: 'compute-2' });
    const { log } = scenario.system.simulator;
    t.deepEqual([log.of('alarm-post').length, log.of('service').length], [0, 0]);
  },
);

test.serial(
  'a check that needs to be asked for is asked where it is, and is no business of other sessions',
  async (t) => {
    const checks = async (metadata: Readonly<Record<string, unknown>>) => {
      const { detail, scenario } = await story(t, { actions: [{ plugin: 'noop', type: 'host', metadata }] }, CLOUD);
      const asked = (await scenario.history(detail.session_id)).filter(({ what }) => what === 'plug-in-checked');
      return { state: detail.state, code: detail.reason?.code, asked: asked.length };
    };
    t.deepEqual(await checks({}), { state: 'MAINTENANCE_DONE', code: undefined, asked: 0 });
    t.deepEqual(await checks({ check: 'fail', on: ['compute-2'] }), {
      state: 'MAINTENANCE_FAILED',
      code: 'plugin-failed',
      asked: 3,
    });
    t.like(await checks({ check: 'hang', on: ['compute-2'] }), { state: 'MAINTENANCE_FAILED', code: 'plugin-failed' });
  },
);
