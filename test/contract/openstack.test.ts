import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { FenixError } from '../../src/common/errors.js';
import type { Topology } from '../../src/simulator/index.js';
import type { ComputeService, Server } from '../../src/workflow/cloud-port.js';
import { leaveRealStage, realStage } from '../openstack/support/real-stage.js';
import { id, simulatedStage } from '../support/stage/simulated.js';
import { ROOM, SMALL, type Stage } from '../support/stage/stage.js';

/*
 * The cloud port's real implementation: against the simulated cloud and, run by `npm run test:openstack`, against a real
 * one. What both do alike is all that is asserted here.
 */
const isReal = process.env.FENIX_TEST_OPENSTACK !== undefined;
const aStage = isReal ? realStage : simulatedStage;
/** For what a real cloud could do in other configurations only, or with a thousand servers. */
const simulated = isReal ? (): void => undefined : test;

test.after.always(leaveRealStage);

/** Waits until the server is so; what of it does not matter is left out. */
async function serverIs({ cloud, becomes }: Stage, instanceId: string, wanted: Partial<Server>): Promise<void> {
  const isSo = async (): Promise<boolean> => {
    const server = await cloud.server(instanceId);
    return Object.entries(wanted).every(([key, value]) => server?.[key as keyof Server] === value);
  };
  await becomes(isSo, `${instanceId} ${JSON.stringify(wanted)}`);
}

/** Waits until the server's newest migration is in that status. @returns its id */
async function migrationIs({ cloud, becomes }: Stage, instanceId: string, status: string): Promise<string> {
  const newest = async () => (await cloud.migrations(instanceId))[0];
  await becomes(async () => (await newest())?.status === status, `migration of ${instanceId} ${status}`);
  return (await newest())?.id ?? '';
}

async function computeOf(t: ExecutionContext, { cloud }: Stage, host: string): Promise<ComputeService> {
  const found = (await cloud.services()).find((service) => service.host === host && service.binary === 'nova-compute');
  return found ?? t.fail(`there is no compute ${host}`) ?? ({} as never);
}

test('services, with zone, state and reason', async (t) => {
  const { cloud } = await aStage(t);
  const services = await cloud.services();
  t.deepEqual(services.map(({ host, binary }) => `${host} ${binary}`).sort(), [
    'compute-1 nova-compute',
    'compute-2 nova-compute',
    'compute-3 nova-compute',
    'controller nova-conductor',
  ]);
  t.like(
    services.find(({ host }) => host === 'compute-3'),
    { zone: 'west', enabled: false, disabledReason: 'broken fan', up: true },
  );
});

test('a compute host has the address that its hypervisor tells; what is none has none', async (t) => {
  const { cloud } = await aStage(t);
  t.is(isIP((await cloud.hypervisor('compute-1'))?.address ?? ''), 4);
  t.is(await cloud.hypervisor('controller'), undefined);
});

test('a service is disabled with its reason and enabled again; Placement follows', async (t) => {
  const stage = await aStage(t);
  const { cloud, becomes } = stage;
  const fits = async (): Promise<boolean> => (await cloud.proves('compute-2', SMALL)).fits;
  const { id: serviceId } = await computeOf(t, stage, 'compute-2');
  t.true(await fits());
  await cloud.disableService(serviceId, 'fenix session-1');
  t.like(await computeOf(t, stage, 'compute-2'), { enabled: false, disabledReason: 'fenix session-1' });
  await becomes(async () => !(await fits()), 'Placement sees it as disabled');
  t.like(await cloud.proves('compute-2', SMALL), { fits: false, why: 'Placement sees compute-2 as disabled' });
  await cloud.enableService(serviceId);
  t.like(await computeOf(t, stage, 'compute-2'), { enabled: true, disabledReason: null });
  await becomes(fits, 'Placement sees it as enabled');
  t.like(await t.throwsAsync(cloud.enableService(id(9))), { kind: 'missing' });
});

test('servers of all projects and of one host, with what they take', async (t) => {
  const { cloud, web, database, projectId } = await aStage(t);
  const servers = await cloud.servers();
  t.is(servers.length, 2);
  t.deepEqual(
    servers.find((server) => server.id === web),
    {
      id: web,
      name: 'web',
      projectId,
      host: 'compute-1',
      status: 'ACTIVE',
      vmState: 'active',
      taskState: null,
      zone: 'nova',
      flavorName: 'small',
      resources: SMALL,
      locked: false,
      hasFloatingIp: true,
    },
  );
  t.like(await cloud.server(database), { status: 'SHUTOFF', vmState: 'stopped', locked: true, hasFloatingIp: false });
  t.is((await cloud.servers({ host: 'compute-1' })).length, 2);
  t.deepEqual(await cloud.servers({ host: 'compute' }), []);
  t.is(await cloud.server(id(9)), undefined);
});

test('capacities of all compute hosts, and a proof that counts what is taken', async (t) => {
  const { cloud } = await aStage(t);
  const capacities = await cloud.capacities();
  t.deepEqual(
    capacities.sort((a, b) => a.host.localeCompare(b.host)),
    ['compute-1', 'compute-2', 'compute-3'].map((host) => ({ host, capacity: ROOM })),
  );
  t.like(await cloud.proves('compute-1', { vcpus: 1, memoryMb: 0, diskGb: 0 }), { fits: false }, 'all vCPUs are taken');
  t.deepEqual(await cloud.proves('compute-2', ROOM), { fits: true });
  t.like(await cloud.proves('compute-2', { ...ROOM, diskGb: ROOM.diskGb + 1 }), { fits: false });
  t.like(await cloud.proves('compute-9', SMALL), { fits: false });
});

test('a cold migration to a named host waits to be confirmed, and holds its source until then', async (t) => {
  const stage = await aStage(t);
  const { cloud, web, database } = stage;
  await cloud.migrate(web, 'compute-2');
  t.like(await cloud.server(web), { status: 'RESIZE', host: 'compute-1' });
  t.like(await t.throwsAsync(cloud.migrate(web, 'compute-2')), { kind: 'conflict' }, 'a late duplicate is refused');
  await serverIs(stage, web, { status: 'VERIFY_RESIZE', vmState: 'resized', taskState: null, host: 'compute-2' });
  const [migration] = await cloud.migrations(web);
  t.like(migration, { type: 'migration', status: 'finished', sourceHost: 'compute-1', targetHost: 'compute-2' });
  const held = await cloud.occupants('compute-1');
  t.deepEqual(held.servers, [database]);
  t.is(held.allocations.length, 2, "the migration holds the source's share");
  t.deepEqual(held.migrations, [migration?.id]);

  await cloud.confirmResize(web);
  await serverIs(stage, web, { status: 'ACTIVE', host: 'compute-2' });
  t.is((await cloud.migrations(web))[0]?.status, 'confirmed');
  t.deepEqual(await cloud.occupants('compute-1'), { servers: [database], allocations: [database], migrations: [] });
  const events = (await cloud.instanceEvents(web)).map(({ action, message }) => [action, message]);
  t.deepEqual(events.slice(0, 2), [
    ['confirmResize', null],
    ['migrate', null],
  ]);
  t.like(await t.throwsAsync(cloud.confirmResize(web)), { kind: 'conflict' });
});

test('what changed since the latest known change is told alone, and so is what is gone', async (t) => {
  const stage = await aStage(t);
  const { cloud, web, database, becomes } = stage;
  const all = await cloud.serversChanged(undefined);
  t.deepEqual([all.changed.map((server) => server.id).sort(), all.gone], [[web, database].sort(), []]);
  // Nova's times have whole seconds.
  const after = new Date((all.latest?.getTime() ?? 0) + 1000);
  t.deepEqual(await cloud.serversChanged(after), { changed: [], gone: [], latest: null });

  await cloud.liveMigrate(web, 'compute-2');
  await serverIs(stage, web, { status: 'ACTIVE', taskState: null, host: 'compute-2' });
  const moved = await cloud.serversChanged(after);
  t.deepEqual(
    moved.changed.map((server) => [server.id, server.host]),
    [[web, 'compute-2']],
  );
  t.true((moved.latest ?? after) >= after);

  await stage.deleteServer(web);
  await becomes(async () => (await cloud.server(web)) === undefined, 'the server deleted');
  t.like(await cloud.serversChanged(after), { changed: [], gone: [web] });
  t.deepEqual(
    (await cloud.servers()).map((server) => server.id),
    [database],
  );
});

test('a reverted migration is back where it was', async (t) => {
  const stage = await aStage(t);
  const { cloud, database } = stage;
  await cloud.migrate(database, 'compute-2');
  await serverIs(stage, database, { status: 'VERIFY_RESIZE' });
  await cloud.revertResize(database);
  await serverIs(stage, database, { status: 'SHUTOFF', host: 'compute-1' });
  t.is((await cloud.migrations(database))[0]?.status, 'reverted');
  t.deepEqual(await cloud.occupants('compute-2'), { servers: [], allocations: [], migrations: [] });
});

test('a migration to where it is, to nowhere, or of nobody is refused', async (t) => {
  const { cloud, web, database } = await aStage(t);
  t.like(await t.throwsAsync(cloud.migrate(web, 'compute-1')), { kind: 'input', inDoubt: false });
  t.like(await t.throwsAsync(cloud.migrate(web, 'compute-9')), { kind: 'input' });
  t.like(await t.throwsAsync(cloud.migrate(id(9), 'compute-2')), { kind: 'missing' });
  t.like(await t.throwsAsync(cloud.liveMigrate(database, 'compute-2')), { kind: 'conflict' }, 'it does not run');
});

for (const [way, type] of [
  ['migrate', 'migration'],
  ['liveMigrate', 'live-migration'],
] as const) {
  test(`a ${type} for which no host is found leaves a migration without target, and a word in the events`, async (t) => {
    const stage = await aStage(t);
    const { cloud, web, becomes } = stage;
    await cloud.disableService((await computeOf(t, stage, 'compute-2')).id, 'fenix session-1');
    await becomes(async () => !(await cloud.proves('compute-2', SMALL)).fits, 'Placement sees it as disabled');
    await cloud[way](web, 'compute-2');
    await migrationIs(stage, web, 'error');
    await serverIs(stage, web, { status: 'ACTIVE', taskState: null, host: 'compute-1' });
    t.like((await cloud.migrations(web))[0], { type, sourceHost: 'compute-1', targetHost: null });
    const newest = async () => (await cloud.instanceEvents(web))[0];
    await becomes(async () => (await newest())?.message === 'Error', 'an event that says so');
    t.like(await newest(), { action: way === 'migrate' ? 'migrate' : 'live-migration' });
    t.regex((await newest())?.requestId ?? '', /^req-/);
    t.deepEqual((await cloud.occupants('compute-1')).migrations, []);
  });
}

test('a live migration arrives without confirmation', async (t) => {
  const stage = await aStage(t);
  const { cloud, web } = stage;
  await cloud.liveMigrate(web, 'compute-2');
  await migrationIs(stage, web, 'running');
  t.like(await cloud.server(web), { status: 'MIGRATING', taskState: 'migrating', host: 'compute-1' });
  t.is((await cloud.occupants('compute-2')).migrations.length, 1, 'its target is not free either');
  await serverIs(stage, web, { status: 'ACTIVE', taskState: null, host: 'compute-2' });
  // The server is there a moment before its migration is over.
  await migrationIs(stage, web, 'completed');
  t.is((await cloud.migrations(web))[0]?.type, 'live-migration');
});

test('a live migration is aborted while it runs', async (t) => {
  const stage = await aStage(t);
  const { cloud, web } = stage;
  await cloud.liveMigrate(web, 'compute-2');
  await cloud.abortLiveMigration(web, await migrationIs(stage, web, 'running'));
  await migrationIs(stage, web, 'cancelled');
  await serverIs(stage, web, { status: 'ACTIVE', taskState: null });
  t.is((await cloud.server(web))?.host, 'compute-1');
});

test('a live migration is forced to its end while it runs', async (t) => {
  const stage = await aStage(t);
  const { cloud, web } = stage;
  await cloud.liveMigrate(web, 'compute-2');
  const migration = await migrationIs(stage, web, 'running');
  await cloud.forceCompleteLiveMigration(web, migration);
  await serverIs(stage, web, { status: 'ACTIVE', taskState: null, host: 'compute-2' });
  await migrationIs(stage, web, 'completed');
  t.like(await t.throwsAsync(cloud.forceCompleteLiveMigration(web, migration)), { kind: 'conflict' }, 'it is over');
});

test('off a host that is down servers are evacuated; what they hold there is known as theirs until it is back', async (t) => {
  const stage = await aStage(t);
  const { cloud, web, database } = stage;
  t.like(await t.throwsAsync(cloud.evacuate(web, 'compute-2')), { kind: 'input' }, 'the host is up');
  await stage.setHostUp('compute-1', false);
  await cloud.evacuate(web, 'compute-2');
  await serverIs(stage, web, { status: 'ACTIVE', taskState: null, host: 'compute-2' });
  t.like((await cloud.migrations(web))[0], { type: 'evacuation', status: 'done', sourceHost: 'compute-1' });
  const { servers, allocations, migrations } = await cloud.occupants('compute-1');
  t.deepEqual([servers, [...allocations].sort(), migrations], [[database], [database, web].sort(), []]);
  t.deepEqual(await cloud.evacuatedFrom('compute-1'), [web]);
  await stage.setHostUp('compute-1', true);
  const isFree = async (): Promise<boolean> => (await cloud.occupants('compute-1')).allocations.length === 1;
  await stage.becomes(isFree, 'what was evacuated holds nothing there');
  t.deepEqual((await cloud.occupants('compute-1')).allocations, [database]);
  t.deepEqual(await cloud.evacuatedFrom('compute-1'), []);
});

test('a server is stopped and started where it is; what it is already is refused', async (t) => {
  const stage = await aStage(t);
  const { cloud, web } = stage;
  t.like(await t.throwsAsync(cloud.start(web)), { kind: 'conflict' });
  await cloud.stop(web);
  await serverIs(stage, web, { status: 'SHUTOFF', taskState: null });
  t.like(await t.throwsAsync(cloud.stop(web)), { kind: 'conflict' });
  await cloud.start(web);
  await serverIs(stage, web, { status: 'ACTIVE', taskState: null, host: 'compute-1' });
});

test('what the hypervisor of a host has', async (t) => {
  const { cloud } = await aStage(t);
  const hypervisor = await cloud.hypervisor('compute-2');
  t.like(hypervisor, { host: 'compute-2', up: true, resources: ROOM });
  t.is(typeof hypervisor?.type, 'string');
  t.is(await cloud.hypervisor('compute-9'), undefined);
  t.is(await cloud.hypervisor('compute'), undefined, 'exact names only');
});

test('a host is put into an aggregate and taken out again; what is so already is refused', async (t) => {
  const { cloud } = await aStage(t);
  const west = async () => (await cloud.aggregates()).find(({ name }) => name === 'west');
  const id = (await west())?.id ?? '';
  t.deepEqual((await west())?.hosts, ['compute-3']);
  await cloud.addToAggregate(id, 'compute-2');
  t.deepEqual([...((await west())?.hosts ?? [])].sort(), ['compute-2', 'compute-3']);
  t.like(await t.throwsAsync(cloud.addToAggregate(id, 'compute-2')), { kind: 'conflict' });
  await cloud.removeFromAggregate(id, 'compute-2');
  t.deepEqual((await west())?.hosts, ['compute-3']);
  t.like(await t.throwsAsync(cloud.removeFromAggregate(id, 'compute-2')), { kind: 'missing' });
  t.like(await t.throwsAsync(cloud.addToAggregate(id, 'compute-9')), { kind: 'missing' });
});

test('a server of our own is booted on a named host, found by its name, and deleted', async (t) => {
  const { cloud, image, flavor, becomes } = await aStage(t);
  const name = 'fenix-verify-1.2-compute-2';
  const wanted = { name, host: 'compute-2', image, flavor };
  const booted = await cloud.boot(wanted);
  await becomes(async () => (await cloud.server(booted))?.status === 'ACTIVE', 'it runs');
  t.like(await cloud.server(booted), { name, host: 'compute-2', hasFloatingIp: false });
  t.deepEqual(
    (await cloud.serversNamed(name)).map(({ id: found }) => found),
    [booted],
  );
  t.deepEqual(await cloud.serversNamed('fenix-verify-1'), []);
  await cloud.deleteServer(booted);
  await becomes(async () => (await cloud.server(booted)) === undefined, 'it is gone');
  t.like(await t.throwsAsync(cloud.deleteServer(booted)), { kind: 'missing' });
  t.like(await t.throwsAsync(cloud.boot({ ...wanted, host: 'compute-9' })), { kind: 'input' });
});

test('a compute service that holds nothing is deleted with its provider; one that holds servers is not', async (t) => {
  const stage = await aStage(t);
  const { cloud, becomes } = stage;
  t.like(await t.throwsAsync(cloud.deleteService((await computeOf(t, stage, 'compute-1')).id)), { kind: 'conflict' });
  const { id: serviceId } = await computeOf(t, stage, 'compute-2');
  t.false(await cloud.deleteProvider('compute-2'), 'one that is in use');
  await stage.setHostUp('compute-2', false);
  await cloud.deleteService(serviceId);
  const isThere = async (): Promise<boolean> =>
    (await cloud.services()).some(({ host, binary }) => host === 'compute-2' && binary === 'nova-compute');
  t.false(await isThere());
  t.is(await cloud.hypervisor('compute-2'), undefined);
  t.false((await cloud.capacities()).some(({ host }) => host === 'compute-2'));
  t.false(await cloud.deleteProvider('compute-2'), 'nothing is left over');
  t.like(await t.throwsAsync(cloud.deleteService(serviceId)), { kind: 'missing' });
  await stage.setHostUp('compute-2', true);
  await becomes(isThere, 'it has registered anew');
  t.not((await computeOf(t, stage, 'compute-2')).id, serviceId);
  await becomes(async () => (await cloud.hypervisor('compute-2')) !== undefined, 'and is mapped');
  await becomes(async () => (await cloud.proves('compute-2', SMALL)).fits, 'and may receive');
});

test('room is held for a consumer of our own, is missing to everybody else, and is given up', async (t) => {
  const { cloud, asOwner } = await aStage(t);
  const room = { consumer: randomUUID(), host: 'compute-2', resources: SMALL };
  const another = { ...room, consumer: randomUUID(), resources: ROOM };
  t.teardown(() => cloud.letRoomGo(room.consumer));
  const isListed = async () => (await cloud.heldRooms()).some(({ consumer }) => consumer === room.consumer);
  t.deepEqual([await cloud.holdsRoom(room.consumer), await isListed()], [false, false]);
  await cloud.holdRoom(room);
  t.true(await cloud.holdsRoom(room.consumer));
  t.deepEqual(
    (await cloud.heldRooms()).filter(({ consumer }) => consumer === room.consumer),
    [room],
  );
  t.true((await cloud.occupants('compute-2')).allocations.includes(room.consumer));
  t.like(await cloud.proves('compute-2', ROOM), { fits: false });
  t.like(await t.throwsAsync(cloud.holdRoom(room)), { kind: 'conflict' }, 'it has it already');
  t.like(await t.throwsAsync(cloud.holdRoom(another)), { kind: 'terminal', code: 'no-room' });
  t.like(await t.throwsAsync(cloud.holdRoom({ ...another, host: 'nowhere' })), { kind: 'terminal', code: 'no-room' });
  t.false(await cloud.holdsRoom(another.consumer));
  t.like(await t.throwsAsync(asOwner.holdRoom(another)), { kind: 'denied' });
  await cloud.letRoomGo(room.consumer);
  t.deepEqual([await cloud.holdsRoom(room.consumer), await isListed()], [false, false]);
  await t.notThrowsAsync(cloud.letRoomGo(room.consumer), 'what is not there need not go');
});

simulated('a provider that a deleted service left behind is taken out of Placement', async (t) => {
  const host = { name: 'compute-2', ...ROOM, leavesProvider: true };
  const { cloud } = await simulatedStage(t, { hosts: [{ name: 'compute-1', ...ROOM }, host] });
  const service = (await cloud.services()).find((one) => one.host === 'compute-2');
  await cloud.deleteService(service?.id ?? '');
  t.true((await cloud.capacities()).some((known) => known.host === 'compute-2'));
  t.true(await cloud.deleteProvider('compute-2'));
  t.false((await cloud.capacities()).some((known) => known.host === 'compute-2'));
  t.false(await cloud.deleteProvider('compute-2'));
});

simulated('a host is told to Masakari in each of its segments', async (t) => {
  const segments = [
    { name: 'rack', hosts: ['compute-1', 'compute-2'] },
    { name: 'room', hosts: ['compute-1'] },
  ];
  const { cloud, asOwner } = await simulatedStage(t, { segments });
  const found = await cloud.guardedHosts('compute-1');
  t.deepEqual(
    found.map(({ host, onMaintenance }) => [host, onMaintenance]),
    [
      ['compute-1', false],
      ['compute-1', false],
    ],
  );
  for (const host of found) await cloud.setOnMaintenance(host, true);
  t.deepEqual(
    (await cloud.guardedHosts('compute-1')).map(({ onMaintenance }) => onMaintenance),
    [true, true],
  );
  t.deepEqual(
    (await cloud.guardedHosts('compute-2')).map(({ onMaintenance }) => onMaintenance),
    [false],
  );
  t.deepEqual(await cloud.guardedHosts('compute-3'), []);
  t.like(await t.throwsAsync(asOwner.guardedHosts('compute-1')), { kind: 'denied' });
});

simulated('a cloud without Masakari is no failure of the moment', async (t) => {
  const { cloud } = await simulatedStage(t);
  t.like(await t.throwsAsync(cloud.guardedHosts('compute-1')), { kind: 'terminal', code: 'endpoint-missing' });
});

test('event alarms of every project are seen', async (t) => {
  const { cloud, createAlarm, projectId } = await aStage(t);
  const alarm = {
    name: 'maintenance',
    type: 'event',
    event_rule: { event_type: 'maintenance.scheduled' },
    alarm_actions: ['http://127.0.0.1:9/maintenance'],
  };
  await createAlarm(alarm);
  await createAlarm({ ...alarm, name: 'off', enabled: false });
  await createAlarm({ ...alarm, name: 'idle', alarm_actions: [] });
  t.deepEqual(await cloud.eventAlarms(), [{ projectId, eventType: 'maintenance.scheduled' }]);
});

test('the admin project is found by its name', async (t) => {
  const { cloud } = await aStage(t);
  t.regex(await cloud.adminProjectId(), /^[0-9a-f]{32}$/);
});

test('an owner is denied what only an admin may, with the sentence of the service', async (t) => {
  const { asOwner } = await aStage(t);
  const error = await t.throwsAsync(asOwner.servers(), { instanceOf: FenixError });
  t.like(error, { kind: 'denied', status: 403 });
  t.regex(error?.message ?? '', /all_tenants/);
});

/** One server that its owner may still restore; Nova keeps such with `reclaim_instance_interval` only. */
const soft: Partial<Topology> = {
  projects: [
    {
      name: 'demo',
      instances: [{ name: 'old', id: id(1), flavor: 'small', host: 'compute-1', state: 'SOFT_DELETED' }],
    },
  ],
};

simulated('soft-deleted servers occupy their host although no listing shows them', async (t) => {
  const { cloud } = await simulatedStage(t, soft);
  t.deepEqual(await cloud.servers(), []);
  t.like(await cloud.occupants('compute-1'), { servers: [id(1)], allocations: [id(1)] });
  t.deepEqual(await cloud.occupants('compute-2'), { servers: [], allocations: [], migrations: [] });
});

simulated('the next pages of a listing are read', async (t) => {
  const instances = Array.from({ length: 1001 }, (_, index) => ({ name: `i${index}`, flavor: 'tiny', host: 'big' }));
  const { cloud } = await simulatedStage(t, {
    flavors: [{ name: 'tiny', vcpus: 1, memoryMb: 1, diskGb: 0 }],
    hosts: [{ name: 'big', vcpus: 2000, memoryMb: 2000, diskGb: 0 }],
    projects: [{ name: 'demo', instances }],
  });
  t.is(new Set((await cloud.servers()).map((server) => server.id)).size, 1001);
});
