import test from 'ava';
import { ManualClock, plusSeconds } from '../../src/common/clock.js';
import { generateTopology } from '../../src/simulator/index.js';
import { sample } from '../support/samples.js';
import {
  type Answer,
  aCloud,
  aSmallTopology,
  type Client,
  idOf,
  logIn,
  loginBody,
  request,
  type SimulatedCloud,
  shapeOf,
} from '../support/simulator.js';

interface Actors extends SimulatedCloud {
  readonly demo: Client;
  readonly one: string;
}

const NOWHERE = '00000000-0000-0000-0000-000000000000';
const alarm = (changes: object = {}) => ({
  name: 'check',
  type: 'event',
  alarm_actions: ['http://127.0.0.1:9/maintenance'],
  repeat_actions: true,
  event_rule: { event_type: 'maintenance.scheduled' },
  ...changes,
});

/** Each sample of a real cloud, and the call that must be answered in the same shape. */
const ANSWERS: Readonly<Record<string, (actors: Actors) => Promise<Answer>>> = {
  'keystone-post-auth-tokens-401': ({ simulator }) =>
    request(
      `${simulator.authUrl}/auth/tokens`,
      'POST',
      {},
      loginBody({ username: 'fenix', password: 'wrong', projectName: 'service' }),
    ),
  'keystone-get-auth-tokens-404': ({ simulator, admin }) =>
    request(`${simulator.authUrl}/auth/tokens`, 'GET', {
      'x-auth-token': admin.token,
      'x-subject-token': 'not-a-token',
    }),
  'keystone-get-auth-tokens-401': ({ simulator, admin }) =>
    request(`${simulator.authUrl}/auth/tokens`, 'GET', {
      'x-auth-token': 'not-a-token',
      'x-subject-token': admin.token,
    }),
  'keystone-get-auth-tokens-nocatalog': ({ simulator, admin, demo }) =>
    request(`${simulator.authUrl}/auth/tokens?nocatalog`, 'GET', {
      'x-auth-token': admin.token,
      'x-subject-token': demo.token,
    }),
  'keystone-get-projects': ({ admin }) => admin.call('GET', '/identity/v3/projects'),
  'keystone-get-projects-403': ({ demo }) => demo.call('GET', '/identity/v3/projects'),
  'nova-401': ({ simulator, one }) =>
    request(`${simulator.url}/compute/v2.1/servers/${one}`, 'GET', { 'x-auth-token': 'not-a-token' }),
  'nova-404': ({ admin }) => admin.nova('GET', `/servers/${NOWHERE}`),
  'nova-406-microversion': ({ admin }) => admin.nova('GET', '/servers/detail', { version: '2.999' }),
  'nova-get-v2.1': ({ admin }) => admin.nova('GET', '/'),
  'nova-action-400': ({ admin, one }) => admin.nova('POST', `/servers/${one}/action`, { body: { nonsense: null } }),
  'nova-action-migrate-403': ({ demo, one }) =>
    demo.nova('POST', `/servers/${one}/action`, { body: { migrate: null } }),
  'nova-action-confirmResize-409': ({ admin, one }) =>
    admin.nova('POST', `/servers/${one}/action`, { body: { confirmResize: null } }),
  'nova-action-migrate-409': async ({ admin, one }) => {
    await admin.migrate(one, 'gamma');
    return admin.migrate(one, 'gamma');
  },
  'nova-action-os-migrateLive-no-valid-host': ({ admin, simulator }) =>
    admin.nova('POST', `/servers/${idOf(simulator, 'three')}/action`, {
      version: '2.30',
      body: { 'os-migrateLive': { host: 'alpha', block_migration: 'auto', force: false } },
    }),
  'nova-get-servers-detail-all-tenants-2.53': ({ admin }) =>
    admin.nova('GET', '/servers/detail?all_tenants=True', { version: '2.53' }),
  'nova-get-servers-detail-all-tenants-2.93': ({ admin }) =>
    admin.nova('GET', '/servers/detail?all_tenants=True', { version: '2.93' }),
  'nova-get-servers-detail-all-tenants-403': ({ demo }) => demo.nova('GET', '/servers/detail?all_tenants=True'),
  'nova-get-servers-detail-demo': ({ demo }) => demo.nova('GET', '/servers/detail'),
  'nova-get-servers-detail-limit': ({ admin }) => admin.nova('GET', '/servers/detail?all_tenants=True&limit=2'),
  'nova-get-server-VERIFY_RESIZE': async ({ admin, advance, one }) => {
    await admin.migrate(one, 'gamma');
    advance(10);
    return admin.nova('GET', `/servers/${one}`);
  },
  'nova-get-server-migrations': async ({ admin, advance, one }) => {
    const body = { 'os-migrateLive': { host: 'gamma', block_migration: 'auto' } };
    await admin.nova('POST', `/servers/${one}/action`, { body, version: '2.68' });
    advance(0.5);
    return admin.nova('GET', `/servers/${one}/migrations`, { version: '2.59' });
  },
  'nova-get-os-migrations-2.59': async ({ admin, advance, one }) => {
    const body = { 'os-migrateLive': { host: 'gamma', block_migration: 'auto' } };
    await admin.nova('POST', `/servers/${one}/action`, { body, version: '2.68' });
    advance(10);
    return admin.nova('GET', `/os-migrations?instance_uuid=${one}`, { version: '2.59' });
  },
  'nova-get-os-hypervisors-detail-2.53-with-servers': ({ admin }) =>
    admin.nova('GET', '/os-hypervisors/detail?with_servers=True', { version: '2.53' }),
  'nova-get-os-hypervisors-detail-2.88': ({ admin }) =>
    admin.nova('GET', '/os-hypervisors/detail', { version: '2.88' }),
  'nova-get-os-hypervisors-403': ({ demo }) => demo.nova('GET', '/os-hypervisors/detail'),
  'nova-get-os-services-2.53': ({ admin }) => admin.nova('GET', '/os-services', { version: '2.53' }),
  'nova-put-os-services-disable-2.53': ({ admin, simulator }) =>
    admin.nova('PUT', `/os-services/${simulator.cloud.hosts.get('beta')?.serviceId}`, {
      version: '2.53',
      body: { status: 'disabled', disabled_reason: 'maintenance' },
    }),
  'nova-get-flavors-detail': ({ demo }) => demo.nova('GET', '/flavors/detail'),
  'nova-post-servers': async ({ demo, simulator }) =>
    demo.nova('POST', '/servers', { body: { server: { name: 'new', flavorRef: simulator.cloud.flavors[0]?.id } } }),
  'placement-get-resource_providers': ({ admin }) => admin.placement('/resource_providers'),
  'placement-get-inventories': ({ admin, simulator }) =>
    admin.placement(`/resource_providers/${simulator.cloud.hosts.get('beta')?.providerId}/inventories`),
  'placement-get-usages': ({ admin, simulator }) =>
    admin.placement(`/resource_providers/${simulator.cloud.hosts.get('beta')?.providerId}/usages`),
  'placement-get-traits': ({ admin, simulator }) =>
    admin.placement(`/resource_providers/${simulator.cloud.hosts.get('beta')?.providerId}/traits`),
  'aodh-404': ({ demo }) => demo.call('GET', `/alarming/v2/alarms/${NOWHERE}`),
  'aodh-post-alarms': ({ demo }) => demo.call('POST', '/alarming/v2/alarms', { body: alarm() }),
  'aodh-post-alarms-400': ({ demo }) =>
    demo.call('POST', '/alarming/v2/alarms', { body: { name: 'x', type: 'event' } }),
  'aodh-get-alarms-all_projects-param': ({ admin }) => admin.call('GET', '/alarming/v2/alarms?all_projects=true'),
  'aodh-get-alarms-all_projects': async ({ admin, demo }) => {
    await demo.call('POST', '/alarming/v2/alarms', { body: alarm() });
    return admin.call('GET', '/alarming/v2/alarms?q.field=all_projects&q.op=eq&q.value=true');
  },
};

for (const [name, call] of Object.entries(ANSWERS))
  test(`the simulated cloud answers as the real one did in ${name}`, async (t) => {
    const cloud = await aCloud(t, aSmallTopology());
    const demo = await logIn(cloud.simulator, cloud.simulator.tenantCredentials('demo'));
    const answer = await call({ ...cloud, demo, one: idOf(cloud.simulator, 'one') });
    const real = sample(name);
    t.is(answer.status, real.status);
    t.deepEqual(new Set(shapeOf(answer.body)), new Set(shapeOf(real.body)));
    const sentence = (body: unknown): string | undefined =>
      JSON.stringify(body).match(/"(?:message|faultstring)":"(.*?)"/)?.[1];
    const general = (text: string | undefined) => text?.replace(/[0-9a-f-]{36}/, 'ID');
    t.is(general(sentence(answer.body)), general(sentence(real.body)));
  });

test('a token names user, project, roles and a catalog that leads to every service', async (t) => {
  const { simulator } = await aCloud(t, aSmallTopology(), { maintenanceUrl: 'http://127.0.0.1:12347/v1' });
  const body = loginBody(simulator.serviceCredentials);
  const { status, headers, body: answer } = await request(`${simulator.authUrl}/auth/tokens`, 'POST', {}, body);
  t.is(status, 201);
  t.truthy(headers.get('x-subject-token'));
  const real = sample('keystone-post-auth-tokens').body;
  t.deepEqual(new Set(shapeOf(answer)), new Set(shapeOf(real)));
  const types = answer.token.catalog.map(({ type }: { type: string }) => type).sort();
  t.deepEqual(types, ['alarming', 'compute', 'identity', 'maintenance', 'placement']);
  t.regex(answer.token.project.id, /^[0-9a-f]{32}$/);
});

test('a token ends by the machine clock, and at once when it is revoked', async (t) => {
  const tokenClock = new ManualClock();
  const { simulator, admin } = await aCloud(t, aSmallTopology(), { tokenClock, tokenLifetimeS: 60 });
  const status = async ({ token }: Client): Promise<number> =>
    (await request(`${simulator.url}/compute/v2.1/servers`, 'GET', { 'x-auth-token': token })).status;
  const headers = { 'x-auth-token': admin.token, 'x-subject-token': admin.token };
  t.is(await status(admin), 200);
  tokenClock.advanceTo(plusSeconds(tokenClock.now(), 61));
  t.is(await status(admin), 401);
  const second = await logIn(simulator, simulator.adminCredentials);
  const revoked = { ...headers, 'x-auth-token': second.token, 'x-subject-token': second.token };
  t.is((await request(`${simulator.authUrl}/auth/tokens`, 'DELETE', revoked)).status, 204);
  t.is(await status(second), 401);
});

test('a tenant sees its own servers only, a host filter finds exact names, and pages lead to all', async (t) => {
  const { simulator, admin } = await aCloud(t, aSmallTopology());
  const other = await logIn(simulator, simulator.tenantCredentials('other'));
  t.deepEqual((await other.nova('GET', '/servers/detail')).body, { servers: [] });
  t.is((await other.nova('GET', `/servers/${idOf(simulator, 'one')}`)).status, 404);
  const on = async (host: string): Promise<string[]> => {
    const { body } = await admin.nova('GET', `/servers/detail?all_tenants=True&host=${host}`);
    return body.servers.map(({ name }: { name: string }) => name).sort();
  };
  t.deepEqual([await on('alpha'), await on('alph')], [['one', 'two'], []]);
  const names: string[] = [];
  for (let path: string | undefined = '/servers?all_tenants=1&limit=2'; path !== undefined; ) {
    const { body }: Answer = await admin.nova('GET', path);
    names.push(...body.servers.map(({ name }: { name: string }) => name));
    path = body.servers_links?.[0].href.split('/v2.1')[1];
  }
  t.deepEqual(names, ['three', 'two', 'one']);
});

test('same host and unknown host are bad requests, a service of another kind cannot be disabled', async (t) => {
  const { simulator, admin } = await aCloud(t, aSmallTopology());
  const id = idOf(simulator, 'one');
  t.is((await admin.migrate(id, 'alpha')).body.badRequest.code, 400);
  t.is((await admin.migrate(id, 'delta')).body.badRequest.message, 'Compute host delta could not be found.');
  const conductor = simulator.cloud.controllers.find(({ binary }) => binary === 'nova-conductor');
  const options = { version: '2.53', body: { status: 'disabled' } };
  t.is((await admin.nova('PUT', `/os-services/${conductor?.serviceId}`, options)).status, 400);
  t.is((await admin.nova('PUT', `/os-services/${NOWHERE}`, options)).status, 404);
});

test('placement offers only hosts with room and without the forbidden trait', async (t) => {
  const { simulator, admin, advance } = await aCloud(t, aSmallTopology({ timings: { disabledTraitLag: 5 } }));
  const offered = async (extra: string): Promise<string[]> => {
    const path = `/allocation_candidates?resources=VCPU:2,MEMORY_MB:4096,DISK_GB:20${extra}`;
    const { body } = await admin.placement(path);
    const hosts = [...simulator.cloud.hosts.values()];
    return Object.keys(body.provider_summaries).map(
      (id) => hosts.find(({ providerId }) => providerId === id)?.name ?? '',
    );
  };
  const beta = simulator.cloud.hosts.get('beta');
  t.deepEqual(await offered(''), ['beta', 'gamma']);
  await admin.nova('PUT', `/os-services/${beta?.serviceId}`, { version: '2.53', body: { status: 'disabled' } });
  const enabled = '&required=COMPUTE_NODE&required=!COMPUTE_STATUS_DISABLED';
  t.deepEqual(await offered(enabled), ['beta', 'gamma']);
  advance(5);
  t.deepEqual(await offered(enabled), ['gamma']);
  t.deepEqual(await offered(`&in_tree=${beta?.providerId}`), ['beta']);
  t.is((await admin.placement('/allocation_candidates?resources=VCPU:1', '1.9')).status, 404);
});

test('a tenant boots, stops, starts and deletes; a boot without room ends in ERROR', async (t) => {
  const { simulator, advance } = await aCloud(t, aSmallTopology());
  const demo = await logIn(simulator, simulator.tenantCredentials('demo'));
  const flavorRef = simulator.cloud.flavors[0]?.id;
  const boot = async (name: string): Promise<string> =>
    (await demo.nova('POST', '/servers', { body: { server: { name, flavorRef } } })).body.server.id;
  const ids = [await boot('a'), await boot('b'), await boot('c'), await boot('d')];
  t.is((await demo.server(ids[0] ?? '')).status, 'BUILD');
  advance(5);
  const statuses = await Promise.all(ids.map(async (id) => (await demo.server(id)).status));
  t.deepEqual(statuses, ['ACTIVE', 'ACTIVE', 'ACTIVE', 'ERROR']);
  const [id = ''] = ids;
  await demo.nova('POST', `/servers/${id}/action`, { body: { 'os-stop': null } });
  advance(2);
  t.is((await demo.server(id)).status, 'SHUTOFF');
  await demo.nova('POST', `/servers/${id}/action`, { body: { 'os-start': null } });
  advance(2);
  t.is((await demo.server(id)).status, 'ACTIVE');
  t.is((await demo.nova('DELETE', `/servers/${id}`)).status, 204);
  advance(2);
  t.is((await demo.nova('GET', `/servers/${id}`)).status, 404);
});

test('the same seed makes the same cloud, with exactly as many empty hosts as asked for', async (t) => {
  const options = { hosts: 10, instances: 60, projects: 7, seed: 42 };
  const topology = generateTopology(options);
  t.deepEqual(topology, generateTopology(options));
  t.notDeepEqual(topology, generateTopology({ ...options, seed: 43 }));
  const { simulator } = await aCloud(t, topology);
  const empty = [...simulator.cloud.hosts.keys()].filter((name) => simulator.cloud.allocations.on(name).length === 0);
  t.is(empty.length, 1);
  t.is(simulator.cloud.instances().length, 60);
  t.deepEqual(simulator.report().violations, []);
});

test('a full generated cloud has no room but on its empty hosts', async (t) => {
  const { simulator } = await aCloud(
    t,
    generateTopology({ hosts: 5, instances: 20, projects: 4, seed: 1, fill: 'full', emptyHosts: 1 }),
  );
  const flavor = simulator.cloud.flavors[0];
  const roomy = [...simulator.cloud.hosts.values()].filter(
    (host) => flavor !== undefined && simulator.cloud.allocations.fits(flavor, host),
  );
  t.is(roomy.length, 1);
});

test('ids that a cloud gives out later are not those that the generator made of the same seed', async (t) => {
  const { simulator } = await aCloud(t, generateTopology({ hosts: 6, instances: 60, projects: 5, seed: 5 }));
  const ids = simulator.cloud.instances().map(({ id }) => id);
  const later = Array.from({ length: 500 }, () => simulator.cloud.newUuid());
  t.is(new Set([...ids, ...later]).size, 560);
});
