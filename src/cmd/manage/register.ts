import type { Command } from 'commander';
import type { DependencyContainer } from 'tsyringe';
import { MachineClock } from '../../common/clock.js';
import { FenixError } from '../../common/errors.js';
import { Logger } from '../../common/logger.js';
import { KeystoneSession } from '../../keystone-auth-middleware/index.js';
import { register, ServiceApi } from '../../openstack/index.js';
import { ConfigToken } from '../wiring/core.js';
import { type Admin, type AdminArguments, addAdminOptions, adminOf } from './admin.js';
import { say, withConfig } from './installation.js';
import { ENGINE_ROLES, type RegistrationArguments, registrationOf } from './registration.js';

interface RegisterArguments extends RegistrationArguments, AdminArguments {
  readonly setPassword?: boolean;
  readonly dryRun?: boolean;
}

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
