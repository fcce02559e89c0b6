import test, { type ExecutionContext } from 'ava';
import { SystemMachineClock } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import { silentLogger } from '../../src/common/logger.js';
import { KeystoneSession } from '../../src/keystone-auth-middleware/index.js';
import { hostNamed, sameHost } from '../../src/model/index.js';
import { OpenStackCloud, type OpenStackSettings } from '../../src/openstack/index.js';
import { type Arrived, httpDouble, type Reply } from '../support/http-double.js';
import { replay, sample } from '../support/samples.js';

type Answers = Readonly<Record<string, Reply | ((request: Arrived) => Reply)>>;

/** A cloud of which only the given `METHOD /path` are answered; all services on one address. */
async function aCloud(t: ExecutionContext, answers: Answers, settings: OpenStackSettings = {}) {
  const http = await httpDouble((request) => {
    if (request.path === '/v3/auth/tokens') return replay('keystone-post-auth-tokens');
    // Nova and Placement are at one address here.
    if (request.path === '/') return { body: { version: { id: 'v2.1', version: '2.93', min_version: '1.0' } } };
    const answer = answers[`${request.method} ${request.path}`];
    return typeof answer === 'function' ? answer(request) : (answer ?? { status: 404, body: {} });
  });
  t.teardown(() => http.close());
  const endpointOverrides = { compute: http.url, placement: http.url, alarming: http.url };
  const credentials = { authUrl: http.url, username: 'fenix', password: 'fenix', projectName: 'service' };
  const session = new KeystoneSession(credentials, { endpointOverrides }, new SystemMachineClock(), silentLogger);
  const asked = http.arrived;
  return { cloud: new OpenStackCloud(session, settings), asked };
}

/** The first server of the sample, with changes. */
function novaServer(changes: object = {}): Record<string, unknown> {
  const { servers } = sample('nova-get-servers-detail-all-tenants-2.53').body as { servers: object[] };
  return { ...servers[0], ...changes };
}

const version = (request: Arrived | undefined) => request?.headers['openstack-api-version'];
const json = (body: unknown): Reply => ({ body });

test('servers of all projects are read as the planner needs them', async (t) => {
  const { cloud, asked } = await aCloud(t, {
    'GET /servers/detail': replay('nova-get-servers-detail-all-tenants-2.53'),
  });
  const servers = await cloud.servers();
  t.deepEqual(servers[0], {
    id: '3458e976-3e1c-4289-a0cb-713f05df05c1',
    name: 'check-5',
    projectId: '7d8cc90991ca4ca79fffc6720affbc67',
    host: 'compute-2',
    status: 'ACTIVE',
    vmState: 'active',
    taskState: null,
    zone: 'nova',
    flavorName: 'm1.tiny',
    resources: { vcpus: 1, memoryMb: 64, diskGb: 1 },
    locked: false,
    hasFloatingIp: false,
  });
  t.is(servers.length, 2);
  t.is(asked.at(-1)?.query.get('all_tenants'), '1');
  t.is(version(asked.at(-1)), 'compute 2.47');
});

test('disk counts as Placement counts it; a floating address and an unscheduled server are seen', async (t) => {
  const flavor = { vcpus: 2, ram: 512, disk: 10, ephemeral: 5, swap: 1025, original_name: 'odd' };
  const net = [{ 'OS-EXT-IPS:type': 'fixed' }, { 'OS-EXT-IPS:type': 'floating' }];
  const servers = [
    novaServer({ flavor, addresses: { a: [], net }, image: { id: 'i' } }),
    novaServer({ flavor, addresses: {}, image: '', 'OS-EXT-SRV-ATTR:host': null }),
  ];
  const { cloud } = await aCloud(t, { 'GET /servers/detail': json({ servers }) });
  const [local, onVolume] = await cloud.servers();
  t.like(local, { resources: { vcpus: 2, memoryMb: 512, diskGb: 17 }, hasFloatingIp: true });
  t.like(onVolume, { resources: { diskGb: 7 }, hasFloatingIp: false, host: null });
});

test('all pages of a listing are read, the last may be empty', async (t) => {
  const pages: Record<string, object> = {
    first: { servers: [novaServer({ id: 'a' })], servers_links: [{ rel: 'next', href: 'http://wrong/' }] },
    a: { servers: [novaServer({ id: 'b' })], servers_links: [{ rel: 'next', href: 'http://wrong/' }] },
    b: { servers: [] },
  };
  const { cloud, asked } = await aCloud(t, {
    'GET /servers/detail': ({ query }) => json(pages[query.get('marker') ?? 'first']),
  });
  t.deepEqual(
    (await cloud.servers({ host: 'compute-2' })).map(({ id }) => id),
    ['a', 'b'],
  );
  t.is(asked.at(-1)?.query.toString(), 'all_tenants=1&host=compute-2&limit=1000&marker=b');
});

test('a listing whose marker was deleted meanwhile may be tried again; a refused question may not', async (t) => {
  const more = { servers: [novaServer()], servers_links: [{ rel: 'next', href: '' }] };
  const { cloud } = await aCloud(t, {
    'GET /servers/detail': ({ query }) => (query.has('marker') ? { status: 400, body: {} } : json(more)),
    'GET /os-migrations': { status: 400, body: {} },
  });
  t.like(await t.throwsAsync(cloud.servers()), { kind: 'transient', code: 'listing-changed' });
  t.like(await t.throwsAsync(cloud.migrations('i')), { kind: 'input' });
});

test('a server that Nova has no more is undefined, an unreachable Nova is an error', async (t) => {
  const { cloud } = await aCloud(t, {
    'GET /servers/gone': replay('nova-404'),
    'GET /servers/there': json({ server: novaServer({ 'OS-EXT-STS:task_state': 'resize_prep' }) }),
    'GET /servers/away': replay('nova-503'),
  });
  t.is(await cloud.server('gone'), undefined);
  t.is((await cloud.server('there'))?.taskState, 'resize_prep');
  t.like(await t.throwsAsync(cloud.server('away')), { kind: 'overload', status: 503 });
});

test('services are listed with uuids, disabled with a reason that fits, and enabled', async (t) => {
  const id = '30baae2c-38f1-4c40-820a-2dbce400cd24';
  const { services } = sample('nova-get-os-services-2.53').body as { services: object[] };
  const { cloud, asked } = await aCloud(t, {
    'GET /os-services': json({ services: [...services, { ...services[0], binary: 'nova-scheduler' }] }),
    [`PUT /os-services/${id}`]: replay('nova-put-os-services-disable-2.53'),
  });
  const listed = await cloud.services();
  t.is(listed.length, 3);
  t.deepEqual(listed[0], {
    id,
    binary: 'nova-compute',
    host: 'compute-2',
    zone: 'nova',
    enabled: true,
    disabledReason: null,
    up: true,
  });
  await cloud.disableService(id, 'x'.repeat(300));
  t.deepEqual(asked.at(-1)?.body, { status: 'disabled', disabled_reason: 'x'.repeat(255) });
  t.is(version(asked.at(-1)), 'compute 2.53');
  await cloud.enableService(id);
  t.deepEqual(asked.at(-1)?.body, { status: 'enabled' });
});

test('moves name their target, in the lowest microversion that knows it', async (t) => {
  const accepted: Reply = { status: 202 };
  const { cloud, asked } = await aCloud(t, {
    'POST /servers/i/action': accepted,
    'DELETE /servers/i/migrations/7': accepted,
    'POST /servers/i/migrations/7/action': accepted,
  });
  const said = () => [version(asked.at(-1)), asked.at(-1)?.body];
  await cloud.migrate('i', 'compute-3');
  t.deepEqual(said(), ['compute 2.56', { migrate: { host: 'compute-3' } }]);
  await cloud.liveMigrate('i', 'compute-3');
  t.deepEqual(said(), ['compute 2.34', { 'os-migrateLive': { host: 'compute-3', block_migration: 'auto' } }]);
  await cloud.confirmResize('i');
  t.deepEqual(said(), ['compute 2.1', { confirmResize: null }]);
  await cloud.revertResize('i');
  t.deepEqual(said(), ['compute 2.1', { revertResize: null }]);
  await cloud.abortLiveMigration('i', '7');
  t.deepEqual(said(), ['compute 2.65', undefined]);
  await cloud.forceCompleteLiveMigration('i', '7');
  t.deepEqual(said(), ['compute 2.22', { force_complete: null }]);
  await cloud.evacuate('i', 'compute-3');
  t.deepEqual(said(), ['compute 2.29', { evacuate: { host: 'compute-3' } }]);
  await cloud.stop('i');
  t.deepEqual(said(), ['compute 2.1', { 'os-stop': null }]);
  await cloud.start('i');
  t.deepEqual(said(), ['compute 2.1', { 'os-start': null }]);
});

test("Nova's refusals of a move keep their sentence", async (t) => {
  let name = 'nova-action-migrate-409';
  const { cloud } = await aCloud(t, { 'POST /servers/i/action': () => replay(name) });
  const refused = await t.throwsAsync(cloud.migrate('i', 'h'), { instanceOf: FenixError });
  t.like(refused, { kind: 'conflict', inDoubt: false });
  t.regex(refused?.message ?? '', /Cannot 'migrate' instance .* while it is in/);
  name = 'nova-action-400';
  t.like(await t.throwsAsync(cloud.migrate('i', 'h')), { kind: 'input', code: 'cloud-refused' });
});

test('migrations and events of an instance come newest first, their times as UTC', async (t) => {
  const [migration] = (sample('nova-get-os-migrations-2.59').body as { migrations: object[] }).migrations;
  const older = { ...migration, id: 1, status: 'error', created_at: '2026-11-22T08:00:00.000000' };
  const { cloud, asked } = await aCloud(t, {
    'GET /os-migrations': json({ migrations: [older, migration] }),
    'GET /servers/i/os-instance-actions': replay('nova-get-os-instance-actions-no-valid-host'),
  });
  const [first, second] = await cloud.migrations('i');
  t.deepEqual(first, {
    id: '2',
    instanceId: '3458e976-3e1c-4289-a0cb-713f05df05c1',
    sourceHost: 'compute-2',
    targetHost: 'compute-1',
    type: 'live-migration',
    status: 'completed',
    createdAt: new Date('2026-11-22T08:30:46Z'),
  });
  t.is(second?.id, '1');
  t.is(asked.at(-1)?.query.get('instance_uuid'), 'i');
  t.deepEqual(await cloud.instanceEvents('i'), [
    {
      action: 'migrate',
      requestId: 'req-b8bd6e3f-8970-4969-bc00-aa782fec61ce',
      message: 'Error',
      startedAt: new Date('2026-11-22T08:31:00Z'),
    },
    {
      action: 'create',
      requestId: 'req-87eb96ff-3428-487d-bcf6-7cb24ff68ef1',
      message: null,
      startedAt: new Date('2026-11-22T08:30:22Z'),
    },
  ]);
});

const [compute2, compute1] = ['40cdc361-b38d-42a1-95f0-093f2479da33', 'e0b60581-14e8-423d-933d-a0756e2faf2e'];
const inventory = (total: number, reserved: number, allocation_ratio: number) => ({
  total,
  reserved,
  allocation_ratio,
});

test('capacities honour reserves and ratios, carry the service host, and are asked again only after a change', async (t) => {
  const providers = [
    { uuid: compute2, name: 'compute-2.example.org', generation: 1, parent_provider_uuid: null },
    { uuid: compute1, name: 'compute-1', generation: 1, parent_provider_uuid: null },
    { uuid: 'pool', name: 'shared-storage', generation: 1, parent_provider_uuid: null },
    { uuid: 'gpu', name: 'compute-1_gpu', generation: 1, parent_provider_uuid: compute1 },
  ];
  const inventories = {
    VCPU: inventory(5, 1, 1.6),
    MEMORY_MB: inventory(8192, 512, 1),
    DISK_GB: inventory(100, 1, 1.5),
  };
  const { cloud, asked } = await aCloud(t, {
    'GET /os-services': replay('nova-get-os-services-2.53'),
    'GET /resource_providers': () => json({ resource_providers: providers }),
    [`GET /resource_providers/${compute2}/inventories`]: json({ inventories }),
    [`GET /resource_providers/${compute1}/inventories`]: replay('placement-get-inventories'),
    'GET /resource_providers/pool/inventories': json({ inventories: { DISK_GB: inventory(9, 0, 1) } }),
  });
  const expected = [
    { host: 'compute-2', capacity: { vcpus: 6, memoryMb: 7680, diskGb: 148 } },
    { host: 'compute-1', capacity: { vcpus: 4, memoryMb: 8192, diskGb: 1028 } },
  ];
  t.deepEqual(await cloud.capacities(), expected);
  const inventoriesAsked = () => asked.filter(({ path }) => path.endsWith('/inventories')).map(({ path }) => path);
  t.is(inventoriesAsked().length, 3);
  providers[1] = { uuid: compute1, name: 'compute-1', generation: 2, parent_provider_uuid: null };
  t.deepEqual(await cloud.capacities(), expected);
  t.deepEqual(inventoriesAsked().slice(3), [`/resource_providers/${compute1}/inventories`]);
});

test('a proof asks Placement for one host that is not disabled, and says why not', async (t) => {
  const full = replay('placement-get-resource_providers').body as { resource_providers: { name: string }[] };
  let room = true;
  let disabled = false;
  const { cloud, asked } = await aCloud(t, {
    'GET /resource_providers': ({ query }) =>
      json({
        resource_providers: full.resource_providers.filter(
          ({ name }) => !query.has('name') || name === query.get('name'),
        ),
      }),
    'GET /allocation_candidates': ({ query }) =>
      json({ allocation_requests: room && !(disabled && query.has('required')) ? [{}] : [] }),
  });
  const wanted = { vcpus: 2, memoryMb: 512, diskGb: 0 };
  t.deepEqual(await cloud.proves('compute-2', wanted), { fits: true });
  const question = asked.at(-1);
  t.is(version(question), 'placement 1.31');
  t.deepEqual(Object.fromEntries(question?.query ?? []), {
    resources: 'VCPU:2,MEMORY_MB:512',
    in_tree: compute2,
    required: '!COMPUTE_STATUS_DISABLED',
    limit: '1',
  });
  t.deepEqual(await cloud.proves('compute-2.example.org', wanted), { fits: true }, 'by its full name');
  disabled = true;
  t.deepEqual(await cloud.proves('compute-2', wanted), { fits: false, why: 'Placement sees compute-2 as disabled' });
  room = false;
  t.regex(JSON.stringify(await cloud.proves('compute-2', wanted)), /no room for VCPU:2,MEMORY_MB:512 on compute-2/);
  t.regex(JSON.stringify(await cloud.proves('compute', wanted)), /no resource provider of host compute/);
});

const CONSUMER = '2f0d7ab0-6d1e-4d8b-8f42-8f4e2d1c9a10';
const HELD = { consumer: CONSUMER, host: 'compute-2', resources: { vcpus: 2, memoryMb: 512, diskGb: 0 } };

/** What Placement answers to a PUT or DELETE of the consumer's allocations. */
async function aPlacement(t: ExecutionContext, answer: Reply) {
  const { cloud, asked } = await aCloud(t, {
    'GET /resource_providers': replay('placement-get-resource_providers'),
    [`PUT /allocations/${CONSUMER}`]: answer,
    [`DELETE /allocations/${CONSUMER}`]: answer,
  });
  return { cloud, asked };
}

/** As Placement gives them (api-guide, errors). */
const refusedWith = (status: number, code: string): Reply => ({
  status,
  body: { errors: [{ status, title: 'Conflict', detail: 'It says why.', code, request_id: 'req-1' }] },
});

test('room is held by an allocation of a new consumer, in the name and with the type of Fenix', async (t) => {
  const { cloud, asked } = await aPlacement(t, { status: 204 });
  await cloud.holdRoom(HELD);
  const request = asked.at(-1);
  t.is(version(request), 'placement 1.38');
  t.like(request, { method: 'PUT', path: `/allocations/${CONSUMER}` });
  const { token } = sample('keystone-post-auth-tokens').body as {
    token: { project: { id: string }; user: { id: string } };
  };
  t.deepEqual(request?.body, {
    allocations: { [compute2]: { resources: { VCPU: 2, MEMORY_MB: 512 } } },
    project_id: token.project.id,
    user_id: token.user.id,
    consumer_generation: null,
    consumer_type: 'FENIX_PLACEHOLDER',
  });
});

test('want of room and a race with another change are told apart, and nothing else is taken for want of room', async (t) => {
  const refusal = async (answer: Reply) => t.throwsAsync((await aPlacement(t, answer)).cloud.holdRoom(HELD));
  const full = await refusal(refusedWith(409, 'placement.undefined_code'));
  t.like(full, { kind: 'terminal', code: 'no-room', inDoubt: false });
  t.regex(full?.message ?? '', /It says why\./);
  const raced = await refusal(refusedWith(409, 'placement.concurrent_update'));
  t.like(raced, { kind: 'conflict', serviceCode: 'placement.concurrent_update' });
  t.like(await refusal({ status: 503, body: {} }), { kind: 'overload', inDoubt: false });
  t.like(await refusal({ status: 500, body: {} }), { kind: 'transient', inDoubt: true });
  t.like(await refusal({ status: 403, body: {} }), { kind: 'denied' });
  t.like(await refusal(refusedWith(400, 'placement.undefined_code')), { kind: 'input' });
});

test('room that is let go is gone, also where it never was; whatever else Placement says is no success', async (t) => {
  for (const status of [204, 404]) {
    const { cloud, asked } = await aPlacement(t, { status, body: status === 204 ? undefined : {} });
    await cloud.letRoomGo(CONSUMER);
    t.like(asked.at(-1), { method: 'DELETE', path: `/allocations/${CONSUMER}` });
  }
  for (const [status, kind] of [
    [403, 'denied'],
    [409, 'conflict'],
    [502, 'transient'],
  ] as const) {
    const { cloud } = await aPlacement(t, { status, body: {} });
    t.like(await t.throwsAsync(cloud.letRoomGo(CONSUMER)), { kind });
  }
});

test('of all consumers those are ours that have our type; servers need not be asked about', async (t) => {
  const consumers = { here: {}, [CONSUMER]: {}, 'migration-uuid': {} };
  const allocation = (type: string) => ({
    allocations: { [compute2]: { resources: { VCPU: 2, MEMORY_MB: 512 }, generation: 3 } },
    consumer_type: type,
  });
  const { cloud, asked } = await aCloud(t, {
    'GET /os-services': replay('nova-get-os-services-2.53'),
    'GET /servers/detail': json({ servers: [novaServer({ id: 'here' })] }),
    'GET /resource_providers': json({
      resource_providers: [{ uuid: compute2, name: 'compute-2', generation: 1, parent_provider_uuid: null }],
    }),
    [`GET /resource_providers/${compute2}/allocations`]: json({ allocations: consumers }),
    [`GET /allocations/${CONSUMER}`]: json(allocation('FENIX_PLACEHOLDER')),
    'GET /allocations/migration-uuid': json(allocation('unknown')),
  });
  t.deepEqual(await cloud.heldRooms(), [HELD]);
  t.is(asked.filter(({ path }) => path.startsWith('/allocations/')).length, 2);
});

/** compute-2 with one server, one soft-deleted, a consumer, and migrations of which two have not ended. */
function anOccupiedHost(changes: Answers = {}): Answers {
  const migration = (id: number, status: string, instance_uuid: string) => ({
    ...(sample('nova-get-os-migrations-2.59').body as { migrations: object[] }).migrations[0],
    ...{ id, status, instance_uuid },
  });
  const migrations = [
    migration(4, 'finished', 'moving'),
    migration(3, 'migrating', 'deleted-under-way'),
    migration(2, 'confirmed', 'moving'),
    migration(1, 'error', 'moving'),
  ];
  return {
    'GET /os-services': replay('nova-get-os-services-2.53'),
    'GET /servers/detail': ({ query }) =>
      json({
        servers:
          query.get('deleted') === 'true' && query.get('status') === 'SOFT_DELETED'
            ? [novaServer({ id: 'soft', status: 'SOFT_DELETED' }), novaServer({ id: 'gone', status: 'DELETED' })]
            : [novaServer({ id: 'here' })],
      }),
    'GET /servers/moving': json({ server: novaServer({ id: 'moving' }) }),
    'GET /resource_providers': replay('placement-get-resource_providers'),
    [`GET /resource_providers/${compute2}/allocations`]: json({ allocations: { here: {}, 'migration-uuid': {} } }),
    'GET /os-migrations': json({ migrations }),
    ...changes,
  };
}

test('occupants are servers, soft-deleted ones, allocations and migrations that may still need the host', async (t) => {
  const { cloud, asked } = await aCloud(t, anOccupiedHost());
  t.deepEqual(await cloud.occupants('compute-2'), {
    servers: ['here', 'soft'],
    allocations: ['here', 'migration-uuid'],
    migrations: ['4'],
  });
  const of = (path: string) => asked.filter((request) => request.path === path);
  t.is(of('/os-migrations')[0]?.query.get('host'), 'compute-2');
  t.is(version(of('/os-migrations')[0]), 'compute 2.59');
  t.is(version(of('/os-services')[0]), 'compute 2.69');
});

test('a host is never empty while its cell cannot be asked', async (t) => {
  const unknown = [{ binary: 'nova-compute', host: 'compute-2', status: 'UNKNOWN' }];
  const { cloud } = await aCloud(t, anOccupiedHost({ 'GET /os-services': json({ services: unknown }) }));
  t.like(await t.throwsAsync(cloud.occupants('compute-2')), { kind: 'transient', code: 'cell-down' });
});

for (const path of ['/servers/detail', '/os-migrations', `/resource_providers/${compute2}/allocations`]) {
  test(`a host is never called empty when ${path} cannot be read`, async (t) => {
    const { cloud } = await aCloud(t, anOccupiedHost({ [`GET ${path}`]: replay('nova-503') }));
    t.like(await t.throwsAsync(cloud.occupants('compute-2')), { kind: 'overload' });
  });
}

test('a host is never called empty when several resource providers may be its own', async (t) => {
  const provider = (name: string) => ({ uuid: name, name, generation: 1, parent_provider_uuid: null });
  const roots = [provider('compute-2.a'), provider('compute-2.b')];
  const { cloud } = await aCloud(
    t,
    anOccupiedHost({
      'GET /resource_providers': ({ query }) => json({ resource_providers: query.has('name') ? [] : roots }),
    }),
  );
  t.like(await t.throwsAsync(cloud.occupants('compute-2')), { code: 'host-ambiguous' });
});

test('only enabled event alarms with an action are subscriptions, wildcards included', async (t) => {
  const [alarm] = sample('aodh-get-alarms-all_projects').body as { event_rule: object }[];
  const alarms = [
    alarm,
    { ...alarm, event_rule: { event_type: 'maintenance.*' } },
    { ...alarm, enabled: false },
    { ...alarm, alarm_actions: [] },
    { ...alarm, type: 'gnocchi_resources_threshold', event_rule: undefined },
  ];
  const { cloud, asked } = await aCloud(t, { 'GET /v2/alarms': json(alarms) });
  const projectId = '7d8cc90991ca4ca79fffc6720affbc67';
  t.deepEqual(await cloud.eventAlarms(), [
    { projectId, eventType: 'maintenance.scheduled' },
    { projectId, eventType: 'maintenance.*' },
  ]);
  t.is(asked.at(-1)?.query.toString(), 'q.field=all_projects&q.op=eq&q.value=true&limit=1000');
});

test('alarms are read page by page, continued by the last one', async (t) => {
  const [alarm] = sample('aodh-get-alarms-all_projects').body as object[];
  const all = Array.from({ length: 1000 }, (_, index) => ({ ...alarm, alarm_id: `a${index}` }));
  const { cloud, asked } = await aCloud(t, {
    'GET /v2/alarms': ({ query }) => json(query.has('marker') ? [alarm] : all),
  });
  t.is((await cloud.eventAlarms()).length, 1001);
  t.is(asked.at(-1)?.query.get('marker'), 'a999');
});

test("the admin project is the session's own or a named one", async (t) => {
  const { projects } = sample('keystone-get-projects').body as { projects: { name: string }[] };
  const answers: Answers = {
    'GET /v3/projects': ({ query }) => {
      const found = projects.filter(({ name }) => name === query.get('name'));
      return json({ projects: query.get('name') === 'demo' ? [...found, ...found] : found });
    },
  };
  const idOf = async (settings: OpenStackSettings) => {
    const { cloud } = await aCloud(t, answers, settings);
    try {
      return await cloud.adminProjectId();
    } finally {
    }
  };
  t.is(await idOf({}), '1c37e44009804783b893cfe6af612d16');
  t.is(await idOf({ adminProject: { name: 'admin' } }), 'c3a2b0143f1d48e59b9fc0b9e97e6252');
  t.like(await t.throwsAsync(idOf({ adminProject: { name: 'nobody' } })), { kind: 'missing' });
  t.like(await t.throwsAsync(idOf({ adminProject: { name: 'demo' } })), { kind: 'terminal' });
});

test('short and full names of a host are one host, similar names are not', (t) => {
  t.true(sameHost('compute-1', 'compute-1.example.org'));
  t.true(sameHost('compute-1.example.org', 'compute-1'));
  t.false(sameHost('compute-1', 'compute-10'));
  t.false(sameHost('compute-1.a', 'compute-1.b'));
  const named = (name: string, candidates: string[]) => hostNamed(name, candidates, (candidate) => candidate);
  t.is(named('compute-1', ['compute-1.a', 'compute-1']), 'compute-1');
  t.is(named('compute-1', ['compute-10', 'compute-1.a']), 'compute-1.a');
  t.is(named('compute-1', ['compute-1.a', 'compute-1.b']), undefined);
});
