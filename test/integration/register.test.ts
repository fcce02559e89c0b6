import test, { type ExecutionContext } from 'ava';
import { ScaledClock, SystemMachineClock } from '../../src/common/clock.js';
import { silentLogger } from '../../src/common/logger.js';
import { KeystoneSession } from '../../src/keystone-auth-middleware/index.js';
import { generateTopology, type Simulator, startSimulator } from '../../src/simulator/index.js';
import { httpDouble } from '../support/http-double.js';
import type { Options } from '../support/installation.js';
import { asEnvironment, Program } from '../support/program.js';

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

test.serial(
  'register makes Keystone know the service, and the service then finds its way with what was made',
  async (t) => {
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
  },
);

test.serial('an endpoint with another address is corrected, what is missing is added', async (t) => {
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

test.serial('an existing user with another password is refused unless it is to be set', async (t) => {
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

test.serial('who may not is told so in one sentence', async (t) => {
  const { authUrl } = await aSimulator(t);
  const tenant = { OS_USERNAME: 'project-1', OS_PASSWORD: 'project-1', OS_PROJECT_NAME: 'project-1' };
  const { code, lines, error } = await register(t, configured(authUrl), [], tenant);
  t.deepEqual([code, ...lines], [1]);
  t.regex(error, /^GET \S+\/regions answered 403: You are not authorized .* identity:list_regions\.\n$/);
});

test.serial('register says where Keystone cannot be reached', async (t) => {
  const gone = await httpDouble(() => ({}));
  await gone.close();
  const { code, error } = await register(t, configured(gone.url));
  t.is(code, 1);
  t.regex(
    error,
    /^Keystone gives no token: POST http:\/\/127\.0\.0\.1:\d+\/v3\/auth\/tokens cannot be reached: the connection was refused, .*\n$/,
  );
});
