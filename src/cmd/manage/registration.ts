import { FenixError } from '../../common/errors.js';
import { type Config, checkedPublicUrl } from '../../config/index.js';
import type { RegisteredUser, Registration } from '../../openstack/index.js';
import { serviceUserOptions } from '../wiring/keystone.js';

export interface RegistrationArguments {
  readonly publicUrl?: string;
  readonly internalUrl?: string;
  readonly adminUrl?: string;
  readonly region?: string;
  readonly serviceName: string;
  /** Of the engine's user; none: those by default. */
  readonly role: readonly string[];
}

/** What the engine does is an admin's business everywhere. */
export const ENGINE_ROLES = ['admin'];
/** Suffices to validate tokens, and marks the tokens of services. */
const API_ROLES = ['service'];

/** What Keystone is to know by configuration and command line. @throws FenixError of kind `input` */
export function registrationOf(config: Config, options: RegistrationArguments): Registration {
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
  const { authType, username: name, password, projectName: project } = options;
  if (name === '' || !authType.endsWith('password')) return undefined;
  if (password === '' || project === '') {
    const sentence = `User ${name} cannot be registered: the configuration gives no ${password === '' ? 'password' : 'project by name'} of it.`;
    throw new FenixError('input', 'config-invalid', sentence);
  }
  const domain = options.userDomainId || options.userDomainName;
  const projectDomain = options.projectDomainId || options.projectDomainName;
  return { name, domain, password, project, projectDomain, roles };
}

function sameUser(a: RegisteredUser, b: RegisteredUser): boolean {
  const keys = ['name', 'domain', 'project', 'projectDomain'] as const;
  if (!keys.every((key) => a[key] === b[key])) return false;
  if (a.password === b.password) return true;
  const sentence = `User ${a.name} has one password in [service_user] and another in [keystone_authtoken].`;
  throw new FenixError('input', 'config-invalid', sentence);
}
