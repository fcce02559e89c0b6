import { type Command, Option } from 'commander';
import type { DependencyContainer } from 'tsyringe';
import { MachineClock } from '../../common/clock.js';
import { Logger } from '../../common/logger.js';
import type { Config } from '../../config/index.js';
import {
  AUTH_TYPES,
  type AuthOptions,
  credentialsFrom,
  type KeystoneCredentials,
  KeystoneSession,
  type KeystoneSessionSettings,
} from '../../keystone-auth-middleware/index.js';
import { ConfigToken } from '../wiring/core.js';
import { snakeCase, tlsOf } from '../wiring/keystone.js';

/** What each option is, in the order of the help. */
const ABOUT: Readonly<Record<keyof AuthOptions, string>> = {
  authUrl: "Keystone; default: the configuration's",
  authType: `${AUTH_TYPES.join(', ')}; default: what the others fit`,
  username: 'the admin',
  userId: 'the same by id',
  password: "the admin's password; better in the environment",
  userDomainName: 'domain of the admin; default: Default',
  userDomainId: 'the same by id',
  projectName: "the admin's project",
  projectId: 'the same by id',
  projectDomainName: 'its domain; default: Default',
  projectDomainId: 'the same by id',
  systemScope: '"all", in place of a project',
  token: 'a token, in place of user and password',
  applicationCredentialId: 'an application credential, in place of user and password; not a restricted one',
  applicationCredentialName: 'the same by name, with the user',
  applicationCredentialSecret: 'its secret',
};

const TLS_OPTIONS = [
  new Option('--os-cacert <file>', 'certificates of the authorities that Keystone may use').env('OS_CACERT'),
  new Option('--os-cert <file>', 'certificate of this client').env('OS_CERT'),
  new Option('--os-key <file>', 'its key').env('OS_KEY'),
  new Option('--insecure', 'do not check certificates'),
];

/** Commander's names of the options: `osAuthUrl` and so on. */
export type AdminArguments = { readonly [Name in keyof AuthOptions as `os${Capitalize<Name>}`]?: string } & {
  readonly osCacert?: string;
  readonly osCert?: string;
  readonly osKey?: string;
  readonly insecure?: boolean;
};

/** The options of OpenStack's own clients, each also as `OS_…` in the environment. */
export function addAdminOptions(command: Command): Command {
  for (const [name, about] of Object.entries(ABOUT)) {
    const snake = `os_${snakeCase(name)}`;
    command.addOption(new Option(`--${snake.replaceAll('_', '-')} <value>`, about).env(snake.toUpperCase()));
  }
  for (const option of TLS_OPTIONS) command.addOption(option);
  return command;
}

/** Whoever runs this program, towards Keystone. */
export interface Admin {
  readonly authUrl: string;
  readonly settings: KeystoneSessionSettings;
  readonly session: KeystoneSession;
}

/** @throws FenixError `config-invalid` */
export function adminOf(parts: DependencyContainer, given: AdminArguments): Admin {
  const config = parts.resolve(ConfigToken);
  const credentials = adminCredentials(config, given);
  const { osCacert = '', osCert = '', osKey = '', insecure = false } = given;
  const own = tlsOf({ cafile: osCacert, certfile: osCert, keyfile: osKey, insecure });
  const clock = parts.resolve<MachineClock>(MachineClock);
  const settings = { ...tlsOf(config.serviceUser), ...own };
  const session = new KeystoneSession(credentials, settings, clock, parts.resolve<Logger>(Logger));
  return { authUrl: credentials.authUrl, settings, session };
}

/** @throws FenixError `config-invalid` */
export function adminCredentials(
  { serviceUser, keystoneAuthtoken }: Pick<Config, 'serviceUser' | 'keystoneAuthtoken'>,
  given: AdminArguments,
): KeystoneCredentials {
  const named = Object.keys(ABOUT) as (keyof AuthOptions)[];
  const options = Object.fromEntries(named.map((name) => [name, given[argumentOf(name)] ?? ''])) as {
    -readonly [Name in keyof AuthOptions]: string;
  };
  options.authUrl ||= serviceUser.osAuthUrl || keystoneAuthtoken.authUrl;
  options.userDomainName ||= 'Default';
  options.projectDomainName ||= 'Default';
  options.authType ||= fitting(options);
  return credentialsFrom(options, {
    who: 'fenix-manage, as an admin,',
    nameOf: (option) => `OS_${snakeCase(option).toUpperCase()}`,
  });
}

function argumentOf<Name extends keyof AuthOptions>(name: Name): `os${Capitalize<Name>}` {
  return `os${name[0]?.toUpperCase()}${name.slice(1)}` as `os${Capitalize<Name>}`;
}

function fitting({ token, applicationCredentialId, applicationCredentialName }: AuthOptions): string {
  if (token !== '') return 'token';
  return applicationCredentialId !== '' || applicationCredentialName !== '' ? 'v3applicationcredential' : 'password';
}
