import type { Command } from 'commander';
import type { DependencyContainer } from 'tsyringe';
import { MachineClock } from '../../common/clock.js';
import { FenixError } from '../../common/errors.js';
import { Logger } from '../../common/logger.js';
import { type Config, checkedPublicUrl } from '../../config/index.js';
import { KeystoneSession } from '../../keystone-auth-middleware/index.js';
import { type RegisteredUser, type Registration, register, ServiceApi } from '../../openstack/index.js';
import { ConfigToken } from '../wiring/core.js';
import { serviceUserOptions } from '../wiring/keystone.js';
import { type Admin, type AdminArguments, addAdminOptions, adminOf } from './admin.js';
import { say, withConfig } from './installation.js';

interface RegisterArguments extends AdminArguments {
  readonly publicUrl?: string;
  readonly internalUrl?: string;
  readonly adminUrl?: string;
  readonly region?: string;
  readonly serviceName: string;
  readonly role: readonly string[];
  readonly setPassword?: boolean;
  readonly dryRun?: boolean;
}

/** What the engine does is an admin's business everywhere. */
const ENGINE_ROLES = ['admin'];
/** Suffices to validate tokens, and marks the tokens of services. */
const API_ROLES = ['service'];

export function addRegister(program: Command): void {
  const command = program
    .command('register')
    .description(
      'make Keystone know the service, its endpoints, and the users of the configuration with project and roles; ' +
        'may be repeated. Acts as the admin of OS_USERNAME and so on.',
    )
    .option('--public-url <url>', "the API's address; default: [DEFAULT] public_url")
    .option('--internal-url <url>', 'the same for services; default: the public one')
    .option('--admin-url <url>', 'the same for admins; default: the public one')
    .option(
      '--region <id>',
      "region of the endpoints; default: [keystone_authtoken] region_name, or Keystone's only one",
    )
    .option('--service-name <name>', 'name of the service', 'fenix')
    .option(
      '--role <name>',
      `role of [service_user], may be repeated (default: ${ENGINE_ROLES.join(', ')})`,
      (name: string, names: readonly string[]) => [...names, name],
      [] as readonly string[],
    )
    .option('--set-password', 'give a user that exists the configured password, where that does not let it in')
    .option('--dry-run', 'only say what would be done');
  addAdminOptions(command).action((options: RegisterArguments) =>
    withConfig(program, (parts) => registerService(parts, options)),
  );
}

async function registerService(parts: DependencyContainer, options: RegisterArguments): Promise<void> {
  const { dryRun = false, setPassword = false } = options;
  const config = parts.resolve(ConfigToken);
  const wanted = registrationOf(config, options);
  const timeouts = { readS: config.nova.timeout, writeS: config.nova.timeout };
  const admin = adminOf(parts, options);
  const identity = new ServiceApi(admin.session, timeouts, 'identity');
  const rules = {
    dryRun,
    setPasswords: setPassword,
    letsIn: (userId: string, password: string) => letsIn(admin, parts, userId, password),
  };
  let count = 0;
  await register(identity, wanted, rules, ({ done, what }) => {
    if (done !== 'present') count += 1;
    say(`${done === 'present' ? 'already there' : dryRun ? `would be ${done}` : done}: ${what}`);
  });
  if (count === 0) say('Keystone knows everything already.');
  else say(dryRun ? `Nothing was changed; ${count} change(s) would be made.` : `${count} change(s) made.`);
}

/** @throws FenixError of kind `input` */
function registrationOf(config: Config, options: RegisterArguments): Registration {
  const address = options.publicUrl ?? config.default.publicUrl;
  if (address === '') {
    const sentence = "The API's address is not known: set [DEFAULT] public_url, or give --public-url.";
    throw new FenixError('input', 'public-url', sentence);
  }
  const publicUrl = checkedPublicUrl(address);
  const region = options.region ?? config.keystoneAuthtoken.regionName;
  return {
    service: { type: config.keystoneAuthtoken.serviceType, name: options.serviceName, description: 'Host maintenance' },
    ...(region !== '' && { region }),
    urls: {
      public: publicUrl,
      internal: checkedPublicUrl(options.internalUrl ?? publicUrl),
      admin: checkedPublicUrl(options.adminUrl ?? publicUrl),
    },
    users: usersOf(config, options.role.length > 0 ? options.role : ENGINE_ROLES),
  };
}

/** Those who authenticate by password; often the engine's and the API's user are the same. */
function usersOf(config: Config, engineRoles: readonly string[]): RegisteredUser[] {
  const engine = userIn(serviceUserOptions(config.serviceUser), engineRoles);
  const api = userIn(config.keystoneAuthtoken, API_ROLES);
  if (engine === undefined && api === undefined) {
    const sentence =
      'The configuration names no user to register: set [service_user] os_username, os_password and so on.';
    throw new FenixError('input', 'config-invalid', sentence);
  }
  const isOne = engine !== undefined && api !== undefined && sameUser(engine, api);
  if (isOne) return [{ ...engine, roles: [...new Set([...engine.roles, ...api.roles])] }];
  return [engine, api].filter((user) => user !== undefined);
}

type UserOptions = ReturnType<typeof serviceUserOptions> | Config['keystoneAuthtoken'];

function userIn(options: UserOptions, roles: readonly string[]): RegisteredUser | undefined {
  const { authType, username: name, password, userDomainName, projectName: project, projectDomainName } = options;
  if (name === '' || !authType.endsWith('password')) return undefined;
  if (password === '' || project === '') {
    const sentence = `User ${name} cannot be registered: the configuration gives no ${password === '' ? 'password' : 'project'} of it.`;
    throw new FenixError('input', 'config-invalid', sentence);
  }
  return { name, domain: userDomainName, password, project, projectDomain: projectDomainName, roles };
}

function sameUser(a: RegisteredUser, b: RegisteredUser): boolean {
  const keys = ['name', 'domain', 'project', 'projectDomain'] as const;
  return keys.every((key) => a[key] === b[key]);
}

/** Without a scope: the user may have no role yet. */
async function letsIn(admin: Admin, parts: DependencyContainer, userId: string, password: string): Promise<boolean> {
  const { authUrl, settings } = admin;
  const clock = parts.resolve<MachineClock>(MachineClock);
  const session = new KeystoneSession({ authUrl, userId, password }, settings, clock, parts.resolve<Logger>(Logger));
  try {
    await session.userId();
    return true;
  } catch (error) {
    if (error instanceof FenixError && error.kind === 'denied') return false;
    throw error;
  }
}
