import test, { type ExecutionContext } from 'ava';
import { ManualClock, plusSeconds, SystemMachineClock } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import { silentLogger } from '../../src/common/logger.js';
import { KeystoneSession } from '../../src/keystone-auth-middleware/index.js';
import { OpenStackCloud } from '../../src/openstack/index.js';
import { startSimulator, type Topology } from '../../src/simulator/index.js';
import type { CloudPort } from '../../src/workflow/cloud-port.js';

const room = { vcpus: 4, memoryMb: 8192, diskGb: 100 };
const id = (number: number): string => `00000000-0000-4000-8000-00000000000${number}`;
const WEB = id(1);
const DATABASE = id(2);
const small = { vcpus: 2, memoryMb: 1024, diskGb: 10 };

/** Three computes, one of another zone; two servers of one project on compute-1. */
const topology: Topology = {
  timings: { disabledTraitLag: 2 },
  flavors: [{ name: 'small', ...small }],
  hosts: [
    { name: 'compute-1', ...room },
    { name: 'compute-2', ...room },
    { name: 'compute-3', ...room, zone: 'west', enabled: false, disabledReason: 'broken fan' },
  ],
  controllers: ['controller-1'],
  projects: [
    {
      name: 'demo',
      id: '0123456789abcdef0123456789abcdef',
      instances: [
        { name: 'web', id: WEB, flavor: 'small', host: 'compute-1', floatingIp: true },
        { name: 'database', id: DATABASE, flavor: 'small', host: 'compute-1', state: 'SHUTOFF', locked: true },
      ],
    },
  ],
};

/** The cloud port's real implementation against a simulated cloud whose time stands still until moved. */
async function aCloud(t: ExecutionContext, changes: Partial<Topology> = {}) {
  const clock = new ManualClock();
  const simulator = await startSimulator({ topology: { ...topology, ...changes }, clock });
  t.teardown(() => simulator.stop());
  const credentials = { ...simulator.serviceCredentials, authUrl: simulator.authUrl };
  const session = new KeystoneSession(credentials, { region: 'RegionOne' }, new SystemMachineClock(), silentLogger);
  const cloud: CloudPort = new OpenStackCloud(session, { adminProject: { name: 'admin' } });
  const advance = (seconds: number): void => clock.advanceTo(plusSeconds(clock.now(), seconds));
  return { cloud, simulator, advance };
}

/** One server that its owner may still restore. */
const soft: Partial<Topology> = {
  projects: [
    {
      name: 'demo',
      instances: [{ name: 'old', id: WEB, flavor: 'small', host: 'compute-1', state: 'SOFT_DELETED' }],
    },
  ],
};

test('services, with zone, state and reason', async (t) => {
  const { cloud } = await aCloud(t);
  const services = await cloud.services();
  t.deepEqual(services.map(({ host, binary }) => `${host} ${binary}`).sort(), [
    'compute-1 nova-compute',
    'compute-2 nova-compute',
    'compute-3 nova-compute',
    'controller-1 nova-conductor',
  ]);
  t.like(
    services.find(({ host }) => host === 'compute-3'),
    { zone: 'west', enabled: false, disabledReason: 'broken fan', up: true },
  );
});

test('a service is disabled with its reason and enabled again; Placement follows late', async (t) => {
  const { cloud, advance } = await aCloud(t);
  const service = async () => {
    const found = (await cloud.services()).find(({ host }) => host === 'compute-2');
    return found ?? t.fail('no such service');
  };
  const { id: serviceId } = (await service()) || { id: '' };
  await cloud.disableService(serviceId, 'fenix session-1');
  t.like(await service(), { enabled: false, disabledReason: 'fenix session-1' });
  t.deepEqual(await cloud.proves('compute-2', small), { fits: true }, 'not yet known to Placement');
  advance(2);
  t.like(await cloud.proves('compute-2', small), { fits: false, why: 'Placement sees compute-2 as disabled' });
  await cloud.enableService(serviceId);
  t.like(await service(), { enabled: true, disabledReason: null });
  t.false((await cloud.proves('compute-2', small)).fits, 'enabled, but not yet known to Placement');
  advance(2);
  t.true((await cloud.proves('compute-2', small)).fits);
  t.like(await t.throwsAsync(cloud.enableService(id(9))), { kind: 'missing' });
});

test('servers of all projects and of one host, with what they take', async (t) => {
  const { cloud } = await aCloud(t);
  const servers = await cloud.servers();
  t.is(servers.length, 2);
  t.deepEqual(
    servers.find((server) => server.id === WEB),
    {
      id: WEB,
      name: 'web',
      projectId: '0123456789abcdef0123456789abcdef',
      host: 'compute-1',
      status: 'ACTIVE',
      vmState: 'active',
      taskState: null,
      zone: 'nova',
      flavorName: 'small',
      resources: small,
      locked: false,
      hasFloatingIp: true,
    },
  );
  t.like(await cloud.server(DATABASE), { status: 'SHUTOFF', vmState: 'stopped', locked: true, hasFloatingIp: false });
  t.is((await cloud.servers({ host: 'compute-1' })).length, 2);
  t.deepEqual(await cloud.servers({ host: 'compute' }), []);
  t.is(await cloud.server(id(9)), undefined);
});

test('capacities of all compute hosts, and a proof that counts what is taken', async (t) => {
  const { cloud } = await aCloud(t);
  const capacities = await cloud.capacities();
  t.deepEqual(
    capacities.sort((a, b) => a.host.localeCompare(b.host)),
    ['compute-1', 'compute-2', 'compute-3'].map((host) => ({ host, capacity: room })),
  );
  t.like(await cloud.proves('compute-1', { vcpus: 1, memoryMb: 0, diskGb: 0 }), { fits: false }, 'all vCPUs are taken');
  t.deepEqual(await cloud.proves('compute-2', room), { fits: true });
  t.like(await cloud.proves('compute-2', { ...room, diskGb: 101 }), { fits: false });
  t.like(await cloud.proves('compute-9', small), { fits: false });
});

test('a cold migration to a named host waits to be confirmed, and holds its source until then', async (t) => {
  const { cloud, advance } = await aCloud(t);
  await cloud.migrate(WEB, 'compute-2');
  t.like(await cloud.server(WEB), { status: 'RESIZE', taskState: 'resize_prep', host: 'compute-1' });
  t.like(await t.throwsAsync(cloud.migrate(WEB, 'compute-2')), { kind: 'conflict' }, 'a late duplicate is refused');
  advance(5);
  t.like(await cloud.server(WEB), { status: 'VERIFY_RESIZE', vmState: 'resized', taskState: null, host: 'compute-2' });
  const [migration] = await cloud.migrations(WEB);
  t.like(migration, { type: 'migration', status: 'finished', sourceHost: 'compute-1', targetHost: 'compute-2' });
  const held = await cloud.occupants('compute-1');
  t.deepEqual(held.servers, [DATABASE]);
  t.is(held.allocations.length, 2, "the migration holds the source's share");
  t.deepEqual(held.migrations, [migration?.id]);

  await cloud.confirmResize(WEB);
  advance(1);
  t.like(await cloud.server(WEB), { status: 'ACTIVE', host: 'compute-2' });
  t.is((await cloud.migrations(WEB))[0]?.status, 'confirmed');
  t.deepEqual(await cloud.occupants('compute-1'), { servers: [DATABASE], allocations: [DATABASE], migrations: [] });
  const events = (await cloud.instanceEvents(WEB)).map(({ action, message }) => [action, message]);
  t.deepEqual(events.slice(0, 2), [
    ['confirmResize', null],
    ['migrate', null],
  ]);
  t.like(await t.throwsAsync(cloud.confirmResize(WEB)), { kind: 'conflict' });
});

test('a reverted migration is back where it was', async (t) => {
  const { cloud, advance } = await aCloud(t);
  await cloud.migrate(DATABASE, 'compute-2');
  advance(5);
  await cloud.revertResize(DATABASE);
  advance(2);
  t.like(await cloud.server(DATABASE), { status: 'SHUTOFF', host: 'compute-1' });
  t.is((await cloud.migrations(DATABASE))[0]?.status, 'reverted');
  t.deepEqual(await cloud.occupants('compute-2'), { servers: [], allocations: [], migrations: [] });
});

test('a migration to where it is, to nowhere, or of nobody is refused', async (t) => {
  const { cloud } = await aCloud(t);
  t.like(await t.throwsAsync(cloud.migrate(WEB, 'compute-1')), { kind: 'input', inDoubt: false });
  t.like(await t.throwsAsync(cloud.migrate(WEB, 'compute-9')), { kind: 'input' });
  t.like(await t.throwsAsync(cloud.migrate(id(9), 'compute-2')), { kind: 'missing' });
  t.like(await t.throwsAsync(cloud.liveMigrate(DATABASE, 'compute-2')), { kind: 'conflict' }, 'it does not run');
});

test('a migration for which no host is found is seen only in the events of the server', async (t) => {
  const { cloud, advance } = await aCloud(t);
  const compute2 = (await cloud.services()).find(({ host }) => host === 'compute-2');
  await cloud.disableService(compute2?.id ?? '', 'fenix session-1');
  advance(2);
  await cloud.migrate(WEB, 'compute-2');
  advance(5);
  t.like(await cloud.server(WEB), { status: 'ACTIVE', taskState: null, host: 'compute-1' });
  const [event] = await cloud.instanceEvents(WEB);
  t.like(event, { action: 'migrate', message: 'Error' });
  t.regex(event?.requestId ?? '', /^req-/);
  t.deepEqual((await cloud.occupants('compute-1')).migrations, []);
});

test('a live migration arrives without confirmation', async (t) => {
  const { cloud, advance } = await aCloud(t);
  await cloud.liveMigrate(WEB, 'compute-2');
  advance(1);
  t.like(await cloud.server(WEB), { status: 'MIGRATING', taskState: 'migrating', host: 'compute-1' });
  t.is((await cloud.occupants('compute-2')).migrations.length, 1, 'its target is not free either');
  advance(2);
  t.like(await cloud.server(WEB), { status: 'ACTIVE', taskState: null, host: 'compute-2' });
  t.like((await cloud.migrations(WEB))[0], { type: 'live-migration', status: 'completed' });
});

test('a live migration is aborted while it runs', async (t) => {
  const { cloud, advance } = await aCloud(t);
  await cloud.liveMigrate(WEB, 'compute-2');
  advance(1);
  const [migration] = await cloud.migrations(WEB);
  await cloud.abortLiveMigration(WEB, migration?.id ?? '');
  advance(1);
  t.like(await cloud.server(WEB), { status: 'ACTIVE', taskState: null, host: 'compute-1' });
  t.is((await cloud.migrations(WEB))[0]?.status, 'cancelled');
});

test('a live migration is forced to its end while it runs, not before', async (t) => {
  const { cloud, advance } = await aCloud(t);
  await cloud.liveMigrate(WEB, 'compute-2');
  const [migration] = await cloud.migrations(WEB);
  const id = migration?.id ?? '';
  t.like(await t.throwsAsync(cloud.forceCompleteLiveMigration(WEB, id)), { kind: 'input' });
  advance(1);
  await cloud.forceCompleteLiveMigration(WEB, id);
  advance(1);
  t.like(await cloud.server(WEB), { status: 'ACTIVE', taskState: null, host: 'compute-2' });
  t.is((await cloud.migrations(WEB))[0]?.status, 'completed');
});

test('off a host that is down servers are evacuated; what they hold there is known as theirs until it is back', async (t) => {
  const { cloud, advance, simulator } = await aCloud(t);
  t.like(await t.throwsAsync(cloud.evacuate(WEB, 'compute-2')), { kind: 'input' }, 'the host is up');
  simulator.setHostUp('compute-1', false);
  await cloud.evacuate(WEB, 'compute-2');
  t.like(await cloud.server(WEB), { status: 'REBUILD', taskState: 'rebuilding', host: 'compute-1' });
  t.deepEqual(await cloud.evacuatedFrom('compute-1'), []);
  advance(10);
  t.like(await cloud.server(WEB), { status: 'ACTIVE', taskState: null, host: 'compute-2' });
  t.like((await cloud.migrations(WEB))[0], { type: 'evacuation', status: 'done', sourceHost: 'compute-1' });
  t.deepEqual(await cloud.occupants('compute-1'), {
    servers: [DATABASE],
    allocations: [DATABASE, WEB],
    migrations: [],
  });
  t.deepEqual(await cloud.evacuatedFrom('compute-1'), [WEB]);
  simulator.setHostUp('compute-1', true);
  t.deepEqual((await cloud.occupants('compute-1')).allocations, [DATABASE]);
  t.deepEqual(await cloud.evacuatedFrom('compute-1'), []);
});

test('a server is stopped and started where it is; what it is already is refused', async (t) => {
  const { cloud, advance } = await aCloud(t);
  t.like(await t.throwsAsync(cloud.start(WEB)), { kind: 'conflict' });
  await cloud.stop(WEB);
  t.like(await cloud.server(WEB), { status: 'ACTIVE', taskState: 'powering-off', host: 'compute-1' });
  t.like(await t.throwsAsync(cloud.stop(WEB)), { kind: 'conflict' });
  advance(1);
  t.like(await cloud.server(WEB), { status: 'SHUTOFF', taskState: null });
  await cloud.start(WEB);
  advance(1);
  t.like(await cloud.server(WEB), { status: 'ACTIVE', taskState: null, host: 'compute-1' });
});

test('soft-deleted servers occupy their host although no listing shows them', async (t) => {
  const { cloud } = await aCloud(t, soft);
  t.deepEqual(await cloud.servers(), []);
  t.like(await cloud.occupants('compute-1'), { servers: [WEB], allocations: [WEB] });
  t.deepEqual(await cloud.occupants('compute-2'), { servers: [], allocations: [], migrations: [] });
});

test('the next pages of a listing are read', async (t) => {
  const instances = Array.from({ length: 1001 }, (_, index) => ({ name: `i${index}`, flavor: 'tiny', host: 'big' }));
  const { cloud } = await aCloud(t, {
    flavors: [{ name: 'tiny', vcpus: 1, memoryMb: 1, diskGb: 0 }],
    hosts: [{ name: 'big', vcpus: 2000, memoryMb: 2000, diskGb: 0 }],
    projects: [{ name: 'demo', instances }],
  });
  t.is(new Set((await cloud.servers()).map((server) => server.id)).size, 1001);
});

test('event alarms of every project are seen', async (t) => {
  const { cloud, simulator } = await aCloud(t);
  const tenant = new KeystoneSession(
    { ...simulator.tenantCredentials('demo'), authUrl: simulator.authUrl },
    {},
    new SystemMachineClock(),
    silentLogger,
  );
  const alarm = {
    name: 'maintenance',
    type: 'event',
    event_rule: { event_type: 'maintenance.scheduled' },
    alarm_actions: ['http://127.0.0.1:9/maintenance'],
  };
  const create = (changes: object) =>
    tenant.request({
      serviceType: 'alarming',
      method: 'POST',
      path: '/v2/alarms',
      body: { ...alarm, ...changes },
    });
  await create({});
  await create({ name: 'off', enabled: false });
  await create({ name: 'idle', alarm_actions: [] });
  t.deepEqual(await cloud.eventAlarms(), [
    { projectId: '0123456789abcdef0123456789abcdef', eventType: 'maintenance.scheduled' },
  ]);
});

test('the admin project is found by its name', async (t) => {
  const { cloud } = await aCloud(t);
  t.regex(await cloud.adminProjectId(), /^[0-9a-f]{32}$/);
});

test('a tenant is denied what only an admin may, with the sentence of the service', async (t) => {
  const { simulator } = await aCloud(t);
  const credentials = { ...simulator.tenantCredentials('demo'), authUrl: simulator.authUrl };
  const session = new KeystoneSession(credentials, {}, new SystemMachineClock(), silentLogger);
  const error = await t.throwsAsync(new OpenStackCloud(session).servers(), { instanceOf: FenixError });
  t.like(error, { kind: 'denied', status: 403 });
  t.regex(error?.message ?? '', /all_tenants/);
});
