import test, { type ExecutionContext } from 'ava';
import type { NewSession } from '../../src/client/index.js';
import type { Topology } from '../../src/simulator/index.js';
import { finishWithRestarts } from '../support/restarts.js';
import { Scenario } from '../support/scenario.js';

const FLAVOR = { name: 'm', vcpus: 2, memoryMb: 4096, diskGb: 20 };
const SIZE = { vcpus: 8, memoryMb: 16_384, diskGb: 80 };
const STOP = { policy: { immovable: 'stop_while_out' } } as const;

type Instance = Partial<NonNullable<Topology['projects'][number]['instances']>[number]> & { readonly name: string };

/**
 * Hosts a and b, and west-1, which is alone in its zone: `fixed` there can't be moved. The other instances are of an
 * application of their own.
 */
function cloudOf(there: readonly Instance[] = [{ name: 'fixed' }], changes: Partial<Topology> = {}): Topology {
  const other = (name: string, host: string) => ({ name, host, flavor: FLAVOR.name, group: 'app' });
  return {
    seed: 1,
    flavors: [FLAVOR],
    hosts: [...['a', 'b'].map((name) => ({ name, ...SIZE })), { name: 'west-1', ...SIZE, zone: 'west' }],
    controllers: [],
    projects: [
      {
        name: 'p',
        groups: [{ name: 'app', maxOutOfService: 1 }],
        instances: [other('vm-1', 'a'), other('vm-2', 'a')],
      },
      {
        name: 'q',
        groups: [{ name: 'pair', maxImpacted: 1, recoveryTime: 30 }],
        instances: there.map((one) => ({ flavor: FLAVOR.name, host: 'west-1', group: 'pair', ...one })),
      },
    ],
    ...changes,
  };
}

async function start(t: ExecutionContext, topology: Topology): Promise<Scenario> {
  const options = { DEFAULT: { blocked_timeout: 120 } };
  const scenario = await Scenario.start(t, { topology, managers: { constraints: true }, options });
  await scenario.system.startEngine();
  return scenario;
}

async function maintain(t: ExecutionContext, topology: Topology, session: Partial<NewSession> = STOP) {
  const scenario = await start(t, topology);
  const id = await scenario.create(session);
  return { scenario, id, detail: await scenario.finish(id) };
}

const statusOf = ({ system }: Scenario, name: string) =>
  system.simulator.cloud.instances().find((instance) => instance.name === name)?.vmState;
const powerOf = ({ system }: Scenario) => system.simulator.log.of('power').map(({ on }) => (on ? 'start' : 'stop'));
const judged = (
  { system }: Scenario,
  mayStop: string[],
  mayStayStopped: string[] = [],
  mayStayDisabled: string[] = [],
) => system.simulator.report({ mayStop, mayStayStopped, mayStayDisabled }).violations.map(({ sentence }) => sentence);
const isOut = (scenario: Scenario) => () => statusOf(scenario, 'fixed') === 'stopped';

test.serial('an instance without a way off is stopped before its host’s actions and started after them', async (t) => {
  const { scenario, detail } = await maintain(t, cloudOf());
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.true(detail.hosts.every(({ state, disabled }) => state === 'done' && !disabled));
  t.deepEqual(powerOf(scenario), ['stop', 'start']);
  t.is(statusOf(scenario, 'fixed'), 'active');
  t.deepEqual(judged(scenario, ['fixed']), []);
  t.true(judged(scenario, []).includes('fixed was stopped by Fenix.'));
  const history = await scenario.history(detail.session_id);
  const instant = (what: string, test: (details: Record<string, unknown>) => boolean) =>
    history.find((line) => line.what === what && test(line.details))?.seq ?? 0;
  const stopped = instant('move-ended', ({ result }) => result === 'stopped');
  const begun = instant('effect-begun', ({ subject, plugin }) => subject === 'west-1' && plugin === 'noop');
  const ended = instant('plug-in-ended', ({ host }) => host === 'west-1');
  const started = instant('instance-started', ({ host }) => host === 'west-1');
  t.true(0 < stopped && stopped < begun && begun < ended && ended < started);
  const [impact] = detail.impacts.filter(({ action }) => action === 'STOP_START');
  const seconds = (from: string | undefined, to: string | null | undefined) =>
    (Date.parse(`${to}Z`) - Date.parse(`${from}Z`)) / 1000;
  t.true(seconds(impact?.started_at, impact?.ended_at) >= 30, 'from the stop to the start');
  t.is(seconds(impact?.ended_at ?? '', impact?.recovered_at), 30);
});

test.serial('by default such an instance fails the session, and by skip_host its host is left out', async (t) => {
  const failed = await maintain(t, cloudOf(), {});
  t.like(failed.detail.reason, { code: 'immovable', host: 'west-1' });
  t.deepEqual(powerOf(failed.scenario), []);
  const { detail } = await maintain(t, cloudOf(), { policy: { immovable: 'skip_host' } });
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.is(detail.hosts.find(({ hostname }) => hostname === 'west-1')?.state, 'skipped');
});

test.serial('what was stopped before stays so, and what cannot be stopped leaves its host out', async (t) => {
  const off = await maintain(t, cloudOf([{ name: 'fixed' }, { name: 'off', state: 'SHUTOFF' }]));
  t.is(off.detail.state, 'MAINTENANCE_DONE', JSON.stringify(off.detail.reason));
  t.deepEqual([statusOf(off.scenario, 'fixed'), statusOf(off.scenario, 'off')], ['active', 'stopped']);
  t.deepEqual(powerOf(off.scenario), ['stop', 'start']);
  t.deepEqual(judged(off.scenario, ['fixed']), []);
  const paused = await maintain(t, cloudOf([{ name: 'fixed' }, { name: 'paused', state: 'PAUSED' }]));
  t.is(paused.detail.state, 'MAINTENANCE_DONE', JSON.stringify(paused.detail.reason));
  t.is(paused.detail.hosts.find(({ hostname }) => hostname === 'west-1')?.state, 'skipped');
  t.deepEqual(judged(paused.scenario, []), []);
});

test.serial('two of a group that bears one impact are not stopped together: their host is left out', async (t) => {
  const { scenario, detail } = await maintain(t, cloudOf([{ name: 'one' }, { name: 'two' }]));
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.is(detail.hosts.find(({ hostname }) => hostname === 'west-1')?.state, 'skipped');
  t.deepEqual(powerOf(scenario), []);
});

test.serial('a soft-deleted instance leaves its host out by policy, when it has been waited for', async (t) => {
  const { scenario, detail } = await maintain(t, cloudOf([{ name: 'fixed' }, { name: 'old', state: 'SOFT_DELETED' }]));
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.is(detail.hosts.find(({ hostname }) => hostname === 'west-1')?.state, 'skipped');
  t.is(statusOf(scenario, 'fixed'), 'active');
  t.deepEqual(judged(scenario, ['fixed']), []);
});

for (const most of [120, 60])
  test.serial(
    `an engine that is stopped after every 1 to ${most} queries stops and starts nothing twice`,
    async (t) => {
      const scenario = await start(t, cloudOf());
      const { system } = scenario;
      const id = await scenario.create(STOP);
      await finishWithRestarts(scenario, id, { most, seed: 1 });
      t.is((await system.client.show(id)).state, 'MAINTENANCE_DONE');
      t.deepEqual(powerOf(scenario), ['stop', 'start']);
      t.deepEqual(judged(scenario, ['fixed']), []);
    },
  );

for (const ending of ['abort', 'delete', 'skip_host'] as const)
  test.serial(`${ending} while it is out: it is started, once the action has ended`, async (t) => {
    const scenario = await start(t, cloudOf());
    const { client } = scenario.system;
    const id = await scenario.create(STOP);
    await scenario.until(isOut(scenario));
    if (ending === 'abort') await client.control(id, { abort: {} });
    else if (ending === 'delete') await client.remove(id);
    else {
      await scenario.until(async () => (await scenario.history(id)).some(({ what }) => what === 'plug-in-ended'));
      await client.control(id, { pause: {} });
      await scenario.until(async () => (await client.show(id)).paused_at !== null);
      await client.control(id, { skip_host: { host: 'west-1' } });
      await client.control(id, { resume: {} });
    }
    await scenario.until(async () => (await scenario.history(id)).some(({ what }) => what === 'closed'));
    t.is(statusOf(scenario, 'fixed'), 'active');
    t.deepEqual(powerOf(scenario), ['stop', 'start']);
    t.deepEqual(judged(scenario, ['fixed']), []);
  });

const FAILING = {
  ...STOP,
  actions: [
    { plugin: 'noop', type: 'host' as const, name: 'kernel', metadata: { fail_on: ['west-1'], fail_times: 1 } },
  ],
};

test.serial(
  'on a host that its action left broken it stays stopped, which is told; continued, it is started',
  async (t) => {
    const { scenario, id, detail } = await maintain(t, cloudOf(), FAILING);
    t.is(detail.reason?.code, 'plugin-failed');
    t.is(statusOf(scenario, 'fixed'), 'stopped');
    t.deepEqual(
      detail.instances.filter(({ stopped }) => stopped).map(({ instance_name }) => instance_name),
      ['fixed'],
    );
    const closed = (await scenario.history(id)).findLast(({ what }) => what === 'closed');
    t.like(closed?.details, { stopped: [{ host: 'west-1' }] });
    t.deepEqual(judged(scenario, ['fixed'], ['fixed'], ['west-1']), []);
    await scenario.system.client.resumeFailed(id);
    await scenario.until(async () => (await scenario.system.client.show(id)).state === 'MAINTENANCE_DONE');
    t.is(statusOf(scenario, 'fixed'), 'active');
    t.deepEqual(judged(scenario, ['fixed']), []);
    t.false((await scenario.system.client.detail(id)).instances.some(({ stopped }) => stopped));
  },
);

for (const word of ['mark_host_done', 'skip_host'] as const)
  test.serial(`on a host that was left broken ${word} starts it`, async (t) => {
    const { scenario, id } = await maintain(t, cloudOf(), FAILING);
    const { client } = scenario.system;
    await client.control(
      id,
      word === 'skip_host' ? { skip_host: { host: 'west-1' } } : { mark_host_done: { host: 'west-1' } },
    );
    await scenario.until(() => statusOf(scenario, 'fixed') === 'active');
    await scenario.finish(id);
    t.deepEqual(judged(scenario, ['fixed']), []);
  });

test.serial('what a failed session left stopped is started by the next one that maintains its host', async (t) => {
  const { scenario } = await maintain(t, cloudOf(), FAILING);
  const detail = await scenario.finish(await scenario.create(STOP));
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.deepEqual(powerOf(scenario), ['stop', 'start']);
  t.deepEqual(judged(scenario, ['fixed']), []);
});

test.serial('what was left stopped and its owner has started since is nobody’s impact any more', async (t) => {
  const { scenario } = await maintain(t, cloudOf(), FAILING);
  const { cloud } = scenario.system.simulator;
  const fixed = cloud.instances().find(({ name }) => name === 'fixed');
  cloud.change(fixed?.id ?? '', { vmState: 'active', running: true });
  const detail = await scenario.finish(await scenario.create(STOP));
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.deepEqual(powerOf(scenario), ['stop', 'stop', 'start']);
});
