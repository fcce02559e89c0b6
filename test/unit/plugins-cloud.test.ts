import { Ajv } from 'ajv';
import test from 'ava';
import hostScale from '../../plugins/actions/host-scale.js';
import masakari from '../../plugins/actions/masakari-maintenance.js';
import verifyHost from '../../plugins/actions/verify-host.js';
import { ManualClock } from '../../src/common/clock.js';
import { FenixError, Stopped } from '../../src/common/errors.js';
import type { ActionCloud } from '../../src/workflow/action-tools.js';
import type { ComputeService } from '../../src/workflow/cloud-port.js';
import type { ActionContext, HostChange } from '../../src/workflow/contract.js';
import { actionContext } from '../../src/workflow/testing/action-context.js';
import { aService, HOST_SIZE } from '../support/engine-views.js';

/** A cloud with compute-1 as it was found and aggregate `fast`; writes are noted. */
function aCloud(service: Partial<ComputeService> = {}, more: Partial<ActionCloud> = {}) {
  const writes: string[] = [];
  const note =
    (what: string) =>
    async (...about: unknown[]): Promise<void> =>
      void writes.push([what, ...about.filter((one) => typeof one === 'string')].join(' '));
  const cloud: ActionCloud = {
    ...actionContext().cloud,
    services: async () => [aService('compute-1', { id: 's1', ...service })],
    hypervisor: async (host) => ({ host, type: 'QEMU', up: true, address: '192.0.2.1', resources: HOST_SIZE }),
    capacities: async () => [{ host: 'compute-1', capacity: HOST_SIZE }],
    aggregates: async () => [{ id: '7', name: 'fast', hosts: [] }],
    occupants: async () => ({ servers: [], allocations: [], migrations: [] }),
    enableService: note('enable'),
    deleteService: note('delete'),
    addToAggregate: note('join'),
    removeFromAggregate: note('leave'),
    deleteProvider: async () => false,
    ...more,
  };
  return { cloud, writes };
}

/** The clock goes on whenever somebody waits for it. */
class PassingClock extends ManualClock {
  override sleep(until: Date): Promise<void> {
    this.advanceTo(until);
    return Promise.resolve();
  }
}

function aContext(cloud: ActionCloud, given: Partial<ActionContext>) {
  const changes: HostChange[] = [];
  const clock = new PassingClock(new Date('2026-01-01T00:00:00Z'));
  return { changes, context: actionContext({ cloud, clock, changed: (change) => changes.push(change), ...given }) };
}

const ADD = {
  type: 'pre',
  host: 'localhost',
  metadata: { add: { hosts: ['compute-1'], aggregates: ['fast'] } },
} as const;
const RETIRE = { type: 'host', metadata: { retire: { hosts: ['compute-1'] } } } as const;
const refusing = (kind: 'transient' | 'conflict' | 'missing', times = Number.POSITIVE_INFINITY) => {
  let left = times;
  return async (): Promise<void> => {
    left -= 1;
    if (left >= 0) throw new FenixError(kind, 'test', `The cloud says ${kind}.`);
  };
};

test('host-scale: a new host joins its aggregates, is enabled where nobody else has disabled it, and is told of', async (t) => {
  for (const [reason, enabled] of [
    [null, true],
    ['New compute service disabled due to config option.', false],
    ['fenix 1', false],
  ] as const) {
    const { cloud, writes } = aCloud({ enabled, disabledReason: reason });
    const { context, changes } = aContext(cloud, ADD);
    t.is(await hostScale.run(context), 'DONE');
    t.deepEqual(writes, ['join 7 compute-1', ...(enabled ? [] : ['enable s1'])]);
    t.deepEqual(changes, [{ kind: 'added', host: 'compute-1', enabled: true }]);
  }
});

test('host-scale: what somebody has disabled is not enabled, nor what is to stay disabled', async (t) => {
  for (const reason of ['broken fan', null]) {
    const { context, changes } = aContext(aCloud({ enabled: false, disabledReason: reason }).cloud, ADD);
    await t.throwsAsync(hostScale.run(context), { message: /disabled by somebody else/ });
    t.deepEqual(changes, []);
  }
  const { cloud, writes } = aCloud({ enabled: false, disabledReason: 'burn-in' });
  const metadata = { add: { hosts: ['compute-1'], enable: false } };
  const { context, changes } = aContext(cloud, { ...ADD, metadata });
  t.is(await hostScale.run(context), 'DONE');
  t.deepEqual([writes, changes], [[], [{ kind: 'added', host: 'compute-1', enabled: false }]]);
});

test('host-scale: each thing that a new host lacks is named when its time is up', async (t) => {
  for (const [lacking, sentence] of [
    [{ services: async () => [] }, /no compute service of that name/],
    [{ services: async () => [aService('compute-1', { up: false })] }, /compute service is down/],
    [{ hypervisor: async () => undefined }, /mapped it to a cell/],
    [{ capacities: async () => [] }, /no inventory/],
  ] as const) {
    const { context } = aContext(aCloud({}, lacking).cloud, ADD);
    await t.throwsAsync(hostScale.run(context), { message: sentence });
    t.is(context.clock.now().getTime(), Date.parse('2026-01-01T00:30:00Z'));
  }
  const { context } = aContext(aCloud({}, { aggregates: async () => [] }).cloud, ADD);
  await t.throwsAsync(hostScale.run(context), { message: /add\.aggregates: .* no aggregate "fast"/ });
});

test('host-scale: an aggregate that the host joined meanwhile is no failure', async (t) => {
  let hosts: string[] = [];
  const aggregates = async () => [{ id: '7', name: 'fast', hosts }];
  const addToAggregate = async (): Promise<void> => {
    hosts = ['compute-1'];
    throw new FenixError('conflict', 'cloud-conflict', 'It is there.');
  };
  const { context } = aContext(aCloud({}, { aggregates, addToAggregate }).cloud, ADD);
  t.is(await hostScale.run(context), 'DONE');
});

test('host-scale: a host leaves the cloud with its service, and one that is gone already has left', async (t) => {
  const { cloud, writes } = aCloud();
  const { context, changes } = aContext(cloud, RETIRE);
  t.is(await hostScale.run(context), 'DONE');
  t.deepEqual([writes, changes], [['delete s1'], [{ kind: 'removed' }]]);
  const left: string[] = [];
  const gone = aCloud(
    {},
    {
      services: async () => [],
      aggregates: async () => [{ id: '7', name: 'fast', hosts: ['compute-1'] }],
      deleteProvider: async (host) => left.push(host) > 0,
    },
  );
  const again = aContext(gone.cloud, RETIRE);
  t.is(await hostScale.run(again.context), 'DONE');
  t.deepEqual([gone.writes, left, again.changes], [['leave 7 compute-1'], ['compute-1'], [{ kind: 'removed' }]]);
});

test('host-scale: a host that it is not to retire is left alone', async (t) => {
  const { cloud, writes } = aCloud();
  const { context, changes } = aContext(cloud, { ...RETIRE, host: 'compute-2' });
  t.is(await hostScale.run(context), 'DONE');
  t.deepEqual([writes, changes], [[], []]);
  t.true(hostScale.removes(RETIRE.metadata, 'compute-1'));
  t.false(hostScale.removes(RETIRE.metadata, 'compute-11'));
  t.false(hostScale.removes(ADD.metadata, 'compute-1'));
});

test('host-scale: nothing is deleted on a host that is not empty, or whose nova-compute could not be stopped', async (t) => {
  const full = aCloud({}, { occupants: async () => ({ servers: ['i1'], allocations: ['i1'], migrations: [] }) });
  await t.throwsAsync(hostScale.run(aContext(full.cloud, RETIRE).context), { message: /compute-1 is not empty: i1\./ });
  const { cloud, writes } = aCloud();
  const metadata = { retire: { hosts: ['compute-1'], stop: ['systemctl', 'stop', 'nova-compute'] } };
  const run = async () => ({ code: 5, signal: null, stdout: '', stderr: 'Unit not loaded\n' });
  const { context } = aContext(cloud, { ...RETIRE, metadata, remote: { run } });
  await t.throwsAsync(hostScale.run(context), {
    message: /stop nova-compute on compute-1 ended with 5: Unit not loaded/,
  });
  t.deepEqual([full.writes, writes], [[], []]);
});

test('host-scale: a refusal that may pass is met with patience, any other at once', async (t) => {
  for (const kind of ['transient', 'conflict'] as const) {
    const { context } = aContext(aCloud({}, { deleteService: refusing(kind, 2) }).cloud, RETIRE);
    t.is(await hostScale.run(context), 'DONE');
    const never = aContext(aCloud({}, { deleteService: refusing(kind) }).cloud, RETIRE);
    await t.throwsAsync(hostScale.run(never.context), { message: `The cloud says ${kind}.` });
  }
  const { context } = aContext(aCloud({}, { deleteService: refusing('missing') }).cloud, RETIRE);
  t.is(await hostScale.run(context), 'DONE', 'somebody else was faster');
});

test('host-scale: each half belongs to its own types', async (t) => {
  const { cloud } = aCloud();
  for (const [given, sentence] of [
    [{ ...ADD, type: 'host' }, /"add" is for actions of type pre/],
    [{ ...RETIRE, type: 'pre' }, /"retire" is for actions of type host/],
  ] as const) {
    await t.throwsAsync(hostScale.run(aContext(cloud, given).context), { message: sentence });
  }
  t.true(await hostScale.check(aContext(cloud, RETIRE).context));
  const said: string[] = [];
  const metadata = { retire: { hosts: ['compute-9'] } };
  const { context } = aContext(cloud, { ...RETIRE, metadata, output: (text) => said.push(text) });
  t.false(await hostScale.check(context));
  t.regex(said.join(), /retire\.hosts: Nova has no compute service on compute-9/);
});

test('metadata of the actions on the cloud: what is asked for has to be meant', (t) => {
  const accepts = (schema: object, metadata: object): boolean => new Ajv({ strict: false }).validate(schema, metadata);
  for (const [plugin, metadata, isFine] of [
    [hostScale, ADD.metadata, true],
    [hostScale, RETIRE.metadata, true],
    [hostScale, {}, false],
    [hostScale, { ...ADD.metadata, ...RETIRE.metadata }, false],
    [hostScale, { add: { hosts: [] } }, false],
    [hostScale, { retire: { host: 'compute-1' } }, false],
    [verifyHost, {}, true],
    [verifyHost, { instance: { image: 'i' } }, false],
    [verifyHost, { vcpus: -1 }, false],
    [masakari, {}, true],
    [masakari, { on: true }, false],
  ] as const) {
    t.is(accepts(plugin.metadataSchema, metadata), isFine, JSON.stringify(metadata));
  }
});

test('verify-host: what a host had before is the least that it has to have, unless that is not wanted', async (t) => {
  const facts: Record<string, unknown> = {};
  const { cloud } = aCloud();
  const before = aContext(cloud, { phase: 'check', record: (found) => Object.assign(facts, found) });
  t.true(await verifyHost.check(before.context));
  t.deepEqual(facts, { hypervisor: 'QEMU', vcpus: 4, memory_mb: 8192, disk_gb: 40 });
  const smaller = aCloud(
    {},
    {
      hypervisor: async (host) => ({
        host,
        type: 'QEMU',
        up: true,
        address: '192.0.2.1',
        resources: { ...HOST_SIZE, memoryMb: 4096 },
      }),
    },
  );
  const after = aContext(smaller.cloud, { checked: facts });
  await t.throwsAsync(verifyHost.run(after.context), { message: /it has memory_mb 4096, and 8192 are wanted/ });
  const careless = aContext(smaller.cloud, { checked: facts, metadata: { as_before: false } });
  t.is(await verifyHost.run(careless.context), 'DONE');
});

test('verify-host: a host that others had disabled is not enabled for the sake of a test instance', async (t) => {
  const facts: Record<string, unknown> = {};
  const { cloud, writes } = aCloud({ enabled: false, disabledReason: 'broken fan' }, { serversNamed: async () => [] });
  const metadata = { instance: { image: 'i', flavor: 'f' } };
  const { context } = aContext(cloud, { metadata, record: (found) => Object.assign(facts, found) });
  t.is(await verifyHost.run(context), 'DONE');
  t.deepEqual(writes, []);
  t.regex(String(facts.test_instance), /left out/);
});

test('verify-host: a host that was enabled for a test instance is disabled again, also by the life after a crash', async (t) => {
  const remembered: Record<string, unknown> = {};
  const stopping = new AbortController();
  let enabled = false;
  const servers: { readonly id: string; readonly taskState: null }[] = [];
  const steps: string[] = [];
  const { cloud } = aCloud(
    {},
    {
      services: async () => [
        aService('compute-1', { id: 's1', enabled, disabledReason: enabled ? null : 'fenix 0000: actions' }),
      ],
      serversNamed: async () => servers as never,
      proves: async () => ({ fits: true }),
      enableService: async () => {
        steps.push('enable');
        enabled = true;
      },
      disableService: async () => {
        steps.push('disable');
        enabled = false;
      },
      boot: async () => {
        steps.push('boot');
        servers.push({ id: 'test', taskState: null });
        // The first life ends here.
        if (stopping.signal.aborted) return 'test';
        stopping.abort();
        throw new Stopped();
      },
      server: async () => ({ status: 'ACTIVE', host: 'compute-1' }) as never,
      deleteServer: async () => void servers.splice(0),
    },
  );
  const given = {
    metadata: { instance: { image: 'i', flavor: 'f' } },
    remembered,
    remember: async (facts: object) => {
      steps.push(`remember ${JSON.stringify(facts)}`);
      Object.assign(remembered, facts);
    },
  };
  const firstLife = aContext(cloud, { ...given, signal: stopping.signal }).context;
  await t.throwsAsync(verifyHost.run(firstLife), { instanceOf: Stopped });
  t.deepEqual(steps, ['remember {"enabled_for_test":true}', 'enable', 'boot']);
  t.true(enabled, 'it died before it could disable the host');

  t.is(await verifyHost.run(aContext(cloud, given).context), 'DONE');
  t.false(enabled);
  t.deepEqual([servers, remembered], [[], { enabled_for_test: null }]);
});

test('masakari-maintenance: a change that Masakari refuses for the moment is asked for again', async (t) => {
  const host = { id: 'h', segmentId: 's', host: 'compute-1', onMaintenance: false };
  const flags: boolean[] = [];
  const refuse = refusing('conflict', 1);
  const { context } = aContext(
    aCloud(
      {},
      {
        guardedHosts: async () => [host],
        setOnMaintenance: async (_host, on) => {
          await refuse();
          flags.push(on);
        },
      },
    ).cloud,
    {},
  );
  t.is(await masakari.run(context), 'DONE');
  t.deepEqual(flags, [true]);
});
