import 'reflect-metadata';
import test, { type ExecutionContext } from 'ava';
import { type AdminArguments, adminCredentials } from '../../src/cmd/manage/admin.js';
import { registrationOf } from '../../src/cmd/manage/registration.js';
import { ScaledClock, SystemMachineClock } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import { silentLogger } from '../../src/common/logger.js';
import { type Config, loadConfig } from '../../src/config/index.js';
import { type KeystoneCredentials, KeystoneSession } from '../../src/keystone-auth-middleware/index.js';
import { register, ServiceApi } from '../../src/openstack/index.js';
import { generateTopology, startSimulator } from '../../src/simulator/index.js';
import { type Arrived, httpDouble, type Reply } from '../support/http-double.js';
import { replay } from '../support/samples.js';

const PUBLIC_URL = 'http://fenix.example.com:12347/v1';
const USER = { username: 'upkeep', password: 'key', project_name: 'services' };
const DEFAULTS = { serviceName: 'fenix', role: [] };

function configured(changes: object = {}): Config {
  const values = { DEFAULT: { public_url: PUBLIC_URL }, service_user: USER, keystone_authtoken: USER };
  return loadConfig({ commandLine: { ...values, ...changes } }).config;
}

async function aSimulator(t: ExecutionContext) {
  const topology = generateTopology({ hosts: 2, instances: 1, projects: 1, seed: 1 });
  const simulator = await startSimulator({ topology, clock: new ScaledClock(), logger: silentLogger });
  t.teardown(() => simulator.stop());
  return simulator;
}

function sessionOf(credentials: KeystoneCredentials): KeystoneSession {
  return new KeystoneSession(credentials, {}, new SystemMachineClock(), silentLogger);
}

/** Registers at a Keystone, with every right, and gives what was said. */
async function registered(
  authUrl: string,
  { config = configured(), region, as }: { config?: Config; region?: string; as?: KeystoneCredentials } = {},
): Promise<string[]> {
  const admin = sessionOf(as ?? { authUrl, username: 'admin', password: 'admin', projectName: 'admin' });
  const wanted = registrationOf(config, { ...DEFAULTS, ...(region !== undefined && { region }) });
  const said: string[] = [];
  const identity = new ServiceApi(admin, { readS: 5, writeS: 5 }, 'identity');
  await register(identity, wanted, { letsIn: async () => true }, ({ done, what }) => said.push(`${done}: ${what}`));
  return said;
}

test('the engine and the API may have users of their own, with the roles that each needs', (t) => {
  const own = { username: 'checker', password: 'key', project_name: 'services' };
  const both = registrationOf(configured({ keystone_authtoken: own }), DEFAULTS);
  t.deepEqual(
    both.users.map(({ name, roles }) => [name, ...roles]),
    [
      ['upkeep', 'admin'],
      ['checker', 'service'],
    ],
  );
  const one = registrationOf(configured(), { ...DEFAULTS, role: ['maintainer'], internalUrl: 'http://inside/v1' });
  t.deepEqual(one.users[0]?.roles, ['maintainer', 'service']);
  t.deepEqual(one.urls, { public: PUBLIC_URL, internal: 'http://inside/v1', admin: PUBLIC_URL });
});

test('domains are taken by id where the configuration has ids', (t) => {
  const ids = { user_domain_id: 'd1', project_domain_id: 'd2' };
  const { users } = registrationOf(configured({ service_user: { ...USER, ...ids } }), DEFAULTS);
  t.like(users[0], { domain: 'd1', projectDomain: 'd2' });
});

const REFUSED: readonly [string, object, { readonly adminUrl?: string }, RegExp][] = [
  [
    'no address',
    { DEFAULT: {} },
    {},
    /^The API's address is not known: set \[DEFAULT\] public_url, or give --public-url\.$/,
  ],
  ['a bad address', {}, { adminUrl: 'http://x' }, /^Public URL http:\/\/x must be .* ends in \/v1\.$/],
  ['no user', { service_user: {}, keystone_authtoken: {} }, {}, /^The configuration names no user to register: set/],
  [
    'a user without password',
    { service_user: { username: 'a' } },
    {},
    /^User a cannot be registered: the configuration gives no password of it\.$/,
  ],
  [
    'one user with two passwords',
    { service_user: { ...USER, password: 'other' } },
    {},
    /^User upkeep has one password in \[service_user\] and another in \[keystone_authtoken\]\.$/,
  ],
];
for (const [what, changes, options, sentence] of REFUSED) {
  test(`a registration is refused for ${what}`, (t) => {
    const refuse = () => registrationOf(configured(changes), { ...DEFAULTS, ...options });
    t.regex(t.throws(refuse, { instanceOf: FenixError })?.message ?? '', sentence);
  });
}

test('the admin comes with a password, a token or an application credential', async (t) => {
  const { authUrl, adminCredentials: user } = await aSimulator(t);
  const admin = sessionOf({ authUrl, ...user });
  const { body } = await admin.request<{ application_credential: { id: string } }>({
    serviceType: 'identity',
    method: 'POST',
    path: `/users/${await admin.userId()}/application_credentials`,
    body: { application_credential: { name: 'setup', secret: 'sesame' } },
  });
  const secret = { osApplicationCredentialSecret: 'sesame' };
  const ways: AdminArguments[] = [
    { osUsername: 'admin', osPassword: 'admin', osProjectName: 'admin' },
    { osToken: await admin.authToken(), osProjectName: 'admin' },
    { osApplicationCredentialId: body.application_credential.id, ...secret },
    { osApplicationCredentialName: 'setup', osUsername: 'admin', ...secret },
  ];
  for (const way of ways) {
    const credentials = adminCredentials(configured({ service_user: { ...USER, auth_url: authUrl } }), way);
    t.like(await sessionOf(credentials).identity(), {
      userName: 'admin',
      projectName: 'admin',
      roles: ['admin', 'member', 'reader'],
    });
  }
});

const UNKNOWN: readonly [AdminArguments, RegExp][] = [
  [{}, /set OS_AUTH_URL\.$/],
  [{ osAuthUrl: 'http://k' }, /set OS_USERNAME or OS_USER_ID\.$/],
  [{ osAuthUrl: 'http://k', osUserId: 'u' }, /set OS_PASSWORD\.$/],
  [{ osAuthUrl: 'http://k', osToken: 't' }, /set OS_PROJECT_NAME or OS_PROJECT_ID or OS_SYSTEM_SCOPE\.$/],
  [{ osAuthUrl: 'http://k', osApplicationCredentialId: 'a' }, /set OS_APPLICATION_CREDENTIAL_SECRET\.$/],
  [{ osAuthUrl: 'http://k', osApplicationCredentialName: 'a' }, /set OS_USERNAME or OS_USER_ID\.$/],
];
for (const [given, sentence] of UNKNOWN) {
  test(`an admin who gives ${Object.keys(given).join(', ') || 'nothing'} is told what is missing`, (t) => {
    const error = t.throws(() => adminCredentials(configured(), given), { instanceOf: FenixError });
    t.regex(error?.message ?? '', /^fenix-manage, as an admin, cannot authenticate: /);
    t.regex(error?.message ?? '', sentence);
  });
}

test('who may not, and what Keystone does not know, is said in its or our words', async (t) => {
  const { authUrl } = await aSimulator(t);
  const refused = async (options: Parameters<typeof registered>[1]): Promise<string> =>
    (await t.throwsAsync(registered(authUrl, options), { instanceOf: FenixError }))?.message ?? '';
  const tenant = { authUrl, username: 'project-1', password: 'project-1', projectName: 'project-1' };
  t.regex(await refused({ as: tenant }), /answered 403: You are not authorized .* identity:list_regions\.$/);
  t.regex(await refused({ as: { ...tenant, password: 'no' } }), /^Keystone refuses .* requires authentication\.$/);
  t.is(await refused({ region: 'two' }), 'Keystone has no region two; it has RegionOne.');
  const config = configured({ service_user: { ...USER, project_domain_name: 'd' }, keystone_authtoken: {} });
  t.is(await refused({ config }), 'Keystone has no domain d; it has Default.');
});

const ROLE = { id: 'r', name: 'admin' };
const DOMAIN = { id: 'default', name: 'Default' };

/** A Keystone that has these lists and nothing else. */
async function aKeystone(t: ExecutionContext, lists: Record<string, readonly object[]>) {
  const http = await httpDouble((request: Arrived): Reply => {
    if (request.path === '/v3/auth/tokens') return replay('keystone-post-auth-tokens');
    const collection = request.path.replace('/v3/', '');
    if (request.method !== 'GET') return { status: 201, body: { [collection.slice(0, -1)]: { id: 'new' } } };
    return { body: { [collection]: lists[collection] ?? [] } };
  });
  t.teardown(() => http.close());
  return http;
}

const AMBIGUOUS: readonly [string, Record<string, readonly object[]>, RegExp][] = [
  [
    'several regions and none named',
    { regions: [{ id: 'a' }, { id: 'b' }] },
    /^Name the region of the endpoints \(--region\); Keystone has a, b\.$/,
  ],
  [
    'two services of the type',
    {
      services: [
        { id: '1', name: 'x' },
        { id: '2', name: 'y' },
      ],
    },
    /^Keystone has 2 services of type maintenance: delete all but one\.$/,
  ],
  [
    'two endpoints of a kind',
    {
      services: [{ id: '1', name: 'x' }],
      endpoints: ['e1', 'e2'].map((id) => ({ id, interface: 'public', region_id: 'a', url: PUBLIC_URL })),
    },
    /^The service has several public endpoints in region a \(e1, e2\): delete all but one\.$/,
  ],
  [
    'a project that is disabled',
    { projects: [{ id: '1', enabled: false }] },
    /^The project services of domain Default is disabled: enable it, or name another\.$/,
  ],
  [
    'a user that is disabled',
    { projects: [{ id: '1' }], users: [{ id: '1', enabled: false }] },
    /^The user upkeep of domain Default is disabled: enable it, or name another\.$/,
  ],
  ['a cloud without role admin', { roles: [] }, /^Keystone has no role admin: is it bootstrapped\?$/],
];
for (const [what, lists, sentence] of AMBIGUOUS) {
  test(`register decides nothing by itself where Keystone has ${what}`, async (t) => {
    const http = await aKeystone(t, { regions: [{ id: 'a' }], domains: [DOMAIN], roles: [ROLE], ...lists });
    t.regex((await t.throwsAsync(registered(http.url), { instanceOf: FenixError }))?.message ?? '', sentence);
  });
}

test('a service or endpoint that somebody disabled is enabled again', async (t) => {
  const http = await aKeystone(t, {
    regions: [{ id: 'a' }],
    services: [{ id: '1', name: 'x', enabled: false }],
    endpoints: [{ id: 'e', interface: 'public', region_id: 'a', url: PUBLIC_URL, enabled: false }],
    domains: [DOMAIN],
    roles: [ROLE],
  });
  const steps = await registered(http.url);
  t.deepEqual(
    steps.filter((line) => line.startsWith('changed')),
    [
      'changed: service fenix of type maintenance: enabled',
      `changed: public endpoint ${PUBLIC_URL} in region a: enabled`,
    ],
  );
});
