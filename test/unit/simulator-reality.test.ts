import test from 'ava';
import type { Topology, TopologyProject } from '../../src/simulator/index.js';
import { aCloud, aSmallTopology, idOf, logIn } from '../support/simulator.js';
import { aMaintainedCloud } from '../support/simulator-maintenance.js';

const server = (name: string, changes: object = {}) => ({ name, flavor: 'm1.small', host: 'alpha', ...changes });
const withServers = (instances: TopologyProject['instances'] & object): Partial<Topology> => ({
  projects: [{ name: 'demo', instances }, { name: 'other' }],
});
const changed = (host: string, changes: object) =>
  aSmallTopology().hosts.map((known) => (known.name === host ? { ...known, ...changes } : known));

test('servers may be paused or suspended, without network, or with several networks and addresses', async (t) => {
  const topology = aSmallTopology(
    withServers([
      server('paused', { state: 'PAUSED', networks: 0 }),
      server('suspended', { state: 'SUSPENDED', networks: 2, addresses: 2, floatingIp: true }),
    ]),
  );
  const { simulator, admin } = await aCloud(t, topology);
  const paused = await admin.server(idOf(simulator, 'paused'));
  t.like(paused, { status: 'PAUSED', addresses: {} });
  const { status, addresses } = await admin.server(idOf(simulator, 'suspended'));
  t.is(status, 'SUSPENDED');
  const kinds = Object.values(addresses as Record<string, { 'OS-EXT-IPS:type': string; addr: string }[]>);
  t.deepEqual(
    kinds.map((list) => list.map((address) => address['OS-EXT-IPS:type'])),
    [
      ['fixed', 'fixed', 'floating'],
      ['fixed', 'fixed'],
    ],
  );
  t.is(new Set(kinds.flat().map(({ addr }) => addr)).size, 5);
  t.is((await admin.migrate(paused.id, 'beta')).status, 409);
  const body = { 'os-migrateLive': { host: 'beta', block_migration: 'auto' } };
  t.is((await admin.nova('POST', `/servers/${paused.id}/action`, { body, version: '2.68' })).status, 202);
});

test("an owner's resize is confirmed late, by the owner", async (t) => {
  const topology = aSmallTopology(withServers([server('resized', { resizedFrom: 'beta', confirmAfter: 600 })]));
  const { simulator, admin, advance } = await aCloud(t, topology);
  const id = idOf(simulator, 'resized');
  advance(599);
  t.is((await admin.server(id)).status, 'VERIFY_RESIZE');
  advance(5);
  t.is((await admin.server(id)).status, 'ACTIVE');
  t.deepEqual(simulator.report().violations, []);
});

test('an ironic node has a name of its own, and its service is that of the host', async (t) => {
  const { admin } = await aCloud(t, aSmallTopology({ hosts: changed('gamma', { hypervisorType: 'ironic' }) }));
  const { hypervisors } = (await admin.nova('GET', '/os-hypervisors/detail', { version: '2.88' })).body;
  const types = hypervisors.map((one: { hypervisor_type: string }) => one.hypervisor_type);
  t.deepEqual(types, ['fake', 'fake', 'ironic']);
  t.is(hypervisors[2].service.host, 'gamma');
  t.not(hypervisors[2].hypervisor_hostname, 'gamma');
  const { resource_providers: providers } = (await admin.placement('/resource_providers')).body;
  t.is(providers[2].name, hypervisors[2].hypervisor_hostname);
});

test('zones are aggregates, others are there besides, and tenants see zones only', async (t) => {
  const { simulator, admin } = await aCloud(
    t,
    aSmallTopology({
      hosts: changed('gamma', { zone: 'east' }),
      aggregates: [{ name: 'fast', hosts: ['alpha', 'gamma'], metadata: { ssd: 'true' } }],
    }),
  );
  const { aggregates } = (await admin.nova('GET', '/os-aggregates', { version: '2.53' })).body;
  t.like(aggregates[0], {
    name: 'east',
    hosts: ['gamma'],
    availability_zone: 'east',
    metadata: { availability_zone: 'east' },
  });
  t.like(aggregates[1], {
    name: 'fast',
    hosts: ['alpha', 'gamma'],
    availability_zone: null,
    metadata: { ssd: 'true' },
  });
  t.deepEqual((await admin.nova('GET', '/os-aggregates/2')).body.aggregate.hosts, ['alpha', 'gamma']);
  t.is((await admin.nova('GET', '/os-aggregates/3')).status, 404);
  const tenant = await logIn(simulator, simulator.tenantCredentials('demo'));
  t.is((await tenant.nova('GET', '/os-aggregates')).status, 403);
  const zones = (await tenant.nova('GET', '/os-availability-zone')).body.availabilityZoneInfo;
  t.deepEqual(
    zones.map((zone: { zoneName: string }) => zone.zoneName),
    ['nova', 'east'],
  );
  const detail = (await admin.nova('GET', '/os-availability-zone/detail')).body.availabilityZoneInfo;
  t.deepEqual(Object.keys(detail[1].hosts), ['gamma']);
});

test('servers of a dead host are evacuated, and take room on both until it comes back', async (t) => {
  const { simulator, admin, advance } = await aCloud(t, aSmallTopology({ hosts: changed('alpha', { downAfter: 60 }) }));
  const id = idOf(simulator, 'one');
  const evacuate = (host: string) =>
    admin.nova('POST', `/servers/${id}/action`, { body: { evacuate: { host } }, version: '2.68' });
  t.is((await evacuate('gamma')).status, 400, 'the host is up');
  advance(61);
  t.is((await admin.migrate(id, 'gamma')).status, 409, 'its source is down');
  t.is((await evacuate('alpha')).status, 400, 'the same host');
  t.is((await evacuate('gamma')).status, 200);
  advance(5);
  t.is((await admin.server(id)).status, 'REBUILD');
  advance(6);
  t.like(await admin.server(id), { status: 'ACTIVE', 'OS-EXT-SRV-ATTR:host': 'gamma' });
  const migrations = (await admin.nova('GET', `/os-migrations?instance_uuid=${id}`, { version: '2.59' })).body
    .migrations;
  t.like(migrations[0], {
    migration_type: 'evacuation',
    status: 'done',
    source_compute: 'alpha',
    dest_compute: 'gamma',
  });
  const providers = async () => Object.keys((await admin.placement(`/allocations/${id}`)).body.allocations);
  t.is((await providers()).length, 2);
  const alpha = simulator.cloud.hosts.get('alpha')?.providerId ?? '';
  t.truthy((await admin.placement(`/resource_providers/${alpha}/allocations`)).body.allocations[id]);
  simulator.setHostUp('alpha', true);
  t.deepEqual(await providers(), [simulator.cloud.hosts.get('gamma')?.providerId ?? '']);
  t.deepEqual(simulator.report().violations, []);
});

test('an evacuation that finds no host leaves its server in ERROR', async (t) => {
  const hosts = changed('alpha', { up: false }).map((host) => ({ ...host, vcpus: host.name === 'alpha' ? 4 : 2 }));
  const { simulator, admin, advance } = await aCloud(t, aSmallTopology({ hosts }));
  const id = idOf(simulator, 'one');
  const body = { evacuate: { host: 'beta' } };
  await admin.nova('POST', `/servers/${id}/action`, { body, version: '2.68' });
  advance(11);
  t.is((await admin.server(id)).status, 'ERROR');
});

test('Placement may show room as taken for a while after it was given back', async (t) => {
  const { simulator, admin, advance } = await aCloud(t, aSmallTopology({ timings: { allocationLag: 30 } }));
  const id = idOf(simulator, 'three');
  await admin.nova('DELETE', `/servers/${id}`);
  advance(2);
  t.is((await admin.nova('GET', `/servers/${id}`)).status, 404);
  const used = async () => Object.keys((await admin.placement(`/allocations/${id}`)).body.allocations).length;
  t.is(await used(), 1);
  advance(30);
  t.is(await used(), 0);
});

test('tenants come and go with the names of others, and the same seed gives the same history', async (t) => {
  const history = async () => {
    const { simulator, advance } = await aCloud(t, aSmallTopology({ churn: { perHour: 120, lifetime: 60, seed: 5 } }));
    advance(1800);
    const { violations } = simulator.report();
    const log = simulator.log.entries().flatMap((entry) => {
      const { at, kind } = entry;
      return kind === 'instance-added' || kind === 'instance-gone'
        ? [`${at.toISOString()} ${kind} ${entry.instanceId}`]
        : [];
    });
    const names = simulator.log.of('instance-added').map(({ name }) => name);
    return { log, names, violations };
  };
  const one = await history();
  t.true(one.log.length > 80, `${one.log.length} entries`);
  t.deepEqual([...new Set(one.names)].sort(), ['one', 'three', 'two']);
  t.true(one.log.filter((line) => line.includes('gone')).length > 30);
  t.deepEqual(one.violations, []);
  t.deepEqual((await history()).log, one.log);
});

test('alarms of other types have no event rule and never fire; a wildcard is a subscription', async (t) => {
  const alarms = [
    { name: 'cpu', project: 'demo', type: 'threshold', actions: ['http://127.0.0.1:9/'] },
    { name: 'both', project: 'demo', type: 'composite', actions: ['http://127.0.0.1:9/'] },
    { name: 'off', project: 'other', type: 'event', eventType: 'maintenance.*', enabled: false },
  ] as const;
  const { simulator, admin, tell } = await aMaintainedCloud(
    t,
    { eventType: 'maintenance.*' },
    { topology: { alarms } },
  );
  const listed = (await admin.call('GET', '/alarming/v2/alarms?q.field=all_projects&q.op=eq&q.value=true')).body;
  t.deepEqual(
    listed.map((alarm: object) => Object.keys(alarm).filter((key) => key.endsWith('_rule'))),
    [['threshold_rule'], ['composite_rule'], ['event_rule'], ['event_rule']],
  );
  await tell('MAINTENANCE', []);
  t.deepEqual(
    simulator.log.of('alarm-post').map(({ status }) => status),
    [204],
  );
});

test('what an owner does, or a dead host, is no violation of the service', async (t) => {
  const { simulator, until } = await aMaintainedCloud(t, { needed: 3 });
  const tenant = await logIn(simulator, simulator.tenantCredentials('demo'));
  for (const name of ['one', 'two'])
    await tenant.nova('POST', `/servers/${idOf(simulator, name)}/action`, { body: { 'os-stop': null } });
  const stopped = () => simulator.cloud.instances().filter(({ vmState }) => vmState === 'stopped').length;
  await until(() => stopped() === 2);
  simulator.setHostUp('beta', false);
  const { violations, serviceLevel } = simulator.report();
  t.deepEqual(violations, []);
  t.is(serviceLevel[0]?.outages.length, 1);
});
