import test, { type ExecutionContext } from 'ava';
import { ScaledClock, SystemMachineClock } from '../../src/common/clock.js';
import { silentLogger } from '../../src/common/logger.js';
import { KeystoneSession } from '../../src/keystone-auth-middleware/index.js';
import { generateTopology, type Simulator, startSimulator } from '../../src/simulator/index.js';
import { type Arrived, httpDouble, type Reply } from '../support/http-double.js';
import type { Options } from '../support/installation.js';
import { asEnvironment, Program } from '../support/program.js';
import { replay } from '../support/samples.js';

const PUBLIC_URL = 'http://fenix.example.com:12347/v1';

async function aSimulator(t: ExecutionContext, maintenanceUrl?: string): Promise<Simulator> {
  const topology = generateTopology({ hosts: 2, instances: 1, projects: 1, seed: 1 });
  const simulator = await startSimulator({
    topology,
    clock: new ScaledClock(),
    logger: silentLogger,
    ...(maintenanceUrl !== undefined && { maintenanceUrl }),
  });
  t.teardown(() => simulator.stop());
  return simulator;
}

function configured(authUrl: string, user = 'upkeep'): Options {
  return {
    default: { public_url: PUBLIC_URL },
    service_user: { auth_url: authUrl, username: user, password: 'key', project_name: 'services' },
    keystone_authtoken: { auth_url: authUrl, username: user, password: 'key', project_name: 'services' },
  };
}

const ADMIN = { OS_USERNAME: 'admin', OS_PASSWORD: 'admin', OS_PROJECT_NAME: 'admin' };

interface Said {
  readonly code: number | string;
  readonly lines: readonly string[];
  readonly error: string;
}

async function register(
  t: ExecutionContext,
  options: Options,
  args: readonly string[] = [],
  admin: Record<string, string> = ADMIN,
): Promise<Said> {
  const program = new Program(t, 'manage', ['register', ...args], { ...asEnvironment(options), ...admin });
  const code = await program.ended;
  return { code, lines: program.stdout.split('\n').slice(0, -1), error: program.stderr };
}

test('register makes Keystone know the service, and the service then finds its way with what was made', async (t) => {
  const simulator = await aSimulator(t);
  const options = configured(simulator.authUrl);
  const steps = [
    'service fenix of type maintenance',
    ...['public', 'internal', 'admin'].map((side) => `${side} endpoint ${PUBLIC_URL} in region RegionOne`),
    'project services of domain Default',
    'user upkeep of domain Default',
    'role admin of user upkeep on project services',
    'role service',
    'role service of user upkeep on project services',
  ];
  const planned = await register(t, options, ['--dry-run']);
  t.deepEqual(planned, {
    code: 0,
    lines: [...steps.map((what) => `would be created: ${what}`), 'Nothing was changed; 9 change(s) would be made.'],
    error: '',
  });
  const made = await register(t, options);
  t.deepEqual(made.lines, [...steps.map((what) => `created: ${what}`), '9 change(s) made.'], made.error);
  const again = await register(t, options);
  t.deepEqual(again.lines, [
    ...steps.filter((what) => what !== 'role service').map((what) => `already there: ${what}`),
    'Keystone knows everything already.',
  ]);

  const credentials = { authUrl: simulator.authUrl, username: 'upkeep', password: 'key', projectName: 'services' };
  const session = new KeystoneSession(credentials, {}, new SystemMachineClock(), silentLogger);
  t.deepEqual((await session.identity()).roles, ['admin', 'service']);
  t.is(await session.endpoint({ serviceType: 'maintenance', interface: 'internal' }), PUBLIC_URL);
});

test('an endpoint with another address is corrected, what is missing is added', async (t) => {
  const simulator = await aSimulator(t, 'http://old.example.com/v1');
  const { lines, error } = await register(t, configured(simulator.authUrl), ['--internal-url', 'http://inside/v1']);
  t.deepEqual(
    lines.slice(0, 4),
    [
      'already there: service fenix of type maintenance',
      `changed: public endpoint ${PUBLIC_URL} in region RegionOne, was http://old.example.com/v1`,
      'created: internal endpoint http://inside/v1 in region RegionOne',
      `created: admin endpoint ${PUBLIC_URL} in region RegionOne`,
    ],
    error,
  );
});

test('an existing user with another password is refused unless it is to be set', async (t) => {
  const simulator = await aSimulator(t);
  const options = configured(simulator.authUrl, 'fenix');
  for (const section of ['service_user', 'keystone_authtoken']) {
    Object.assign(options[section] ?? {}, { project_name: 'service', password: 'changed' });
  }
  const refused = await register(t, options);
  t.is(refused.code, 1);
  t.regex(
    refused.error,
    /^The user fenix of domain Default is there, but the configured password .*--set-password\.\n$/,
  );
  t.notRegex(refused.error, /changed/);
  const mended = await register(t, options, ['--set-password']);
  t.is(mended.lines[5], 'changed: user fenix of domain Default: password', mended.error);
  t.is((await register(t, options)).lines.at(-1), 'Keystone knows everything already.');
});

test('the admin may come with a token or an application credential', async (t) => {
  const simulator = await aSimulator(t);
  const { authUrl } = simulator;
  const admin = new KeystoneSession(
    { authUrl, ...simulator.adminCredentials },
    {},
    new SystemMachineClock(),
    silentLogger,
  );
  const { body } = await admin.request<{ application_credential: { id: string } }>({
    serviceType: 'identity',
    method: 'POST',
    path: `/users/${await admin.userId()}/application_credentials`,
    body: { application_credential: { name: 'setup', secret: 'sesame' } },
  });
  const { id } = body.application_credential;
  const options = configured(authUrl);
  const ways: Record<string, string>[] = [
    { OS_TOKEN: await admin.authToken(), OS_PROJECT_NAME: 'admin' },
    { OS_APPLICATION_CREDENTIAL_ID: id, OS_APPLICATION_CREDENTIAL_SECRET: 'sesame' },
    { OS_APPLICATION_CREDENTIAL_NAME: 'setup', OS_APPLICATION_CREDENTIAL_SECRET: 'sesame', OS_USERNAME: 'admin' },
  ];
  for (const way of ways) t.is((await register(t, options, ['--dry-run'], way)).code, 0);
  const args = ['--dry-run', '--os-username', 'admin', '--os-password', 'admin', '--os-project-name', 'admin'];
  t.is((await register(t, options, args, {})).code, 0, 'or by options');
});

const TENANT = { OS_USERNAME: 'project-1', OS_PASSWORD: 'project-1', OS_PROJECT_NAME: 'project-1' };

const REFUSED: readonly [string, Options, readonly string[], Record<string, string>, RegExp][] = [
  [
    'no address',
    { default: { public_url: '' } },
    [],
    ADMIN,
    /^The API's address is not known: set \[DEFAULT\] public_url/,
  ],
  ['a bad address', {}, ['--admin-url', 'http://x'], ADMIN, /^Public URL http:\/\/x must be .* ends in \/v1\.$/],
  ['no user', { service_user: {}, keystone_authtoken: {} }, [], ADMIN, /^The configuration names no user to register/],
  [
    'no password',
    { service_user: { username: 'a' } },
    [],
    ADMIN,
    /^User a cannot be registered: .* no password of it\.$/,
  ],
  ['no admin', {}, [], {}, /^fenix-manage, as an admin, cannot authenticate: set OS_USERNAME or OS_USER_ID\.$/],
  ['a wrong admin', {}, [], { ...ADMIN, OS_PASSWORD: 'no' }, /^Keystone refuses .* requires authentication\.$/],
  ['no rights', {}, [], TENANT, /answered 403: You are not authorized .* identity:list_regions\.$/],
  ['a region that is not there', {}, ['--region', 'two'], ADMIN, /^Keystone has no region two; it has RegionOne\.$/],
  [
    'a domain that is not there',
    { service_user: { username: 'a', password: 'b', project_name: 'c', project_domain_name: 'd' } },
    [],
    ADMIN,
    /^Keystone has no domain d; it has Default\.$/,
  ],
];

for (const [what, changes, args, admin, sentence] of REFUSED) {
  test(`register is refused with one sentence for ${what}`, async (t) => {
    const { authUrl } = await aSimulator(t);
    const { code, error } = await register(t, { ...configured(authUrl), ...changes }, args, {
      OS_AUTH_URL: authUrl,
      ...admin,
    });
    t.is(code, 1);
    const [line = '', ...more] = error.trimEnd().split('\n');
    t.deepEqual(more, []);
    t.regex(line, sentence);
  });
}

test('register says where Keystone cannot be reached', async (t) => {
  const gone = await httpDouble(() => ({}));
  await gone.close();
  const { code, error } = await register(t, configured(gone.url));
  t.is(code, 1);
  t.regex(error, /^POST http:\/\/127\.0\.0\.1:\d+\/v3\/auth\/tokens cannot be reached: ECONNREFUSED .*\n$/);
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
    /^Name the region of the endpoints \(--region\); Keystone has a, b\.\n$/,
  ],
  [
    'two services of the type',
    {
      services: [
        { id: '1', name: 'x' },
        { id: '2', name: 'y' },
      ],
    },
    /^Keystone has 2 services of type maintenance: delete all but one\.\n$/,
  ],
  [
    'two endpoints of a kind',
    {
      services: [{ id: '1', name: 'x' }],
      endpoints: ['e1', 'e2'].map((id) => ({ id, interface: 'public', region_id: 'a', url: PUBLIC_URL })),
    },
    /^The service has several public endpoints in region a \(e1, e2\): delete all but one\.\n$/,
  ],
  [
    'a project that is disabled',
    { projects: [{ id: '1', enabled: false }] },
    /^The project services of domain Default is disabled: enable it, or name another\.\n$/,
  ],
  [
    'a user that is disabled',
    { projects: [{ id: '1' }], users: [{ id: '1', enabled: false }] },
    /^The user upkeep of domain Default is disabled: enable it, or name another\.\n$/,
  ],
  ['a cloud without role admin', { roles: [] }, /^Keystone has no role admin: is it bootstrapped\?\n$/],
];
for (const [what, lists, sentence] of AMBIGUOUS) {
  test(`register decides nothing by itself where Keystone has ${what}`, async (t) => {
    const http = await aKeystone(t, { regions: [{ id: 'a' }], domains: [DOMAIN], roles: [ROLE], ...lists });
    const { code, error } = await register(t, configured(http.url));
    t.is(code, 1);
    t.regex(error, sentence);
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
  const { lines, error } = await register(t, configured(http.url));
  t.deepEqual(
    lines.filter((line) => line.startsWith('changed')),
    [
      'changed: service fenix of type maintenance: enabled',
      `changed: public endpoint ${PUBLIC_URL} in region a: enabled`,
    ],
    error,
  );
});
