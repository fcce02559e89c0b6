import type { DependencyContainer } from 'tsyringe';
import { MachineClock } from '../../common/clock.js';
import { Logger } from '../../common/logger.js';
import type { Config } from '../../config/index.js';
import {
  type AuthOptions,
  credentialsFrom,
  type Interface,
  type KeystoneCredentials,
  KeystoneSession,
  type KeystoneSessionSettings,
  type TlsSettings,
} from '../../keystone-auth-middleware/index.js';
import { ConfigToken } from './core.js';

/** The engine's own session at Keystone. @throws FenixError `config-invalid` */
export function engineSession(container: DependencyContainer): KeystoneSession {
  const config = container.resolve(ConfigToken);
  return sessionOf(container, engineCredentials(config), { ...endpoints(config), ...tlsOf(config.serviceUser) });
}

/** The session by which the API validates tokens. @throws FenixError `config-invalid` */
export function apiSession(container: DependencyContainer): KeystoneSession {
  const { keystoneAuthtoken: section } = container.resolve(ConfigToken);
  const credentials = apiCredentials(section);
  return sessionOf(container, credentials, { ...filterOf(section), ...tlsOf(section) });
}

/** [service_user] wins over the workflow_ options of [DEFAULT] (v1 §7). @throws FenixError `config-invalid` */
export function engineCredentials({ serviceUser, default: common, keystoneAuthtoken }: Config): KeystoneCredentials {
  const options = serviceUserOptions(serviceUser);
  const inherited = {
    authUrl: options.authUrl || keystoneAuthtoken.authUrl,
    username: options.username || common.workflowUser,
    password: options.password || common.workflowPassword,
    projectName: options.projectName || common.workflowProject,
  };
  return credentialsFrom({ ...options, ...inherited }, { who: 'The engine', nameOf: nameInServiceUser });
}

export function apiCredentials(section: Config['keystoneAuthtoken']): KeystoneCredentials {
  const nameOf = (option: string): string => `[keystone_authtoken] ${snakeCase(option)}`;
  return credentialsFrom({ ...section, systemScope: '' }, { who: 'The API, which validates tokens,', nameOf });
}

/** The section's options under keystoneauth's names. */
export function serviceUserOptions(section: Config['serviceUser']): AuthOptions {
  return {
    ...section,
    authUrl: section.osAuthUrl,
    username: section.osUsername,
    password: section.osPassword,
    userDomainName: section.osUserDomainName,
    projectName: section.osProjectName,
    projectDomainName: section.osProjectDomainName,
    systemScope: '',
  };
}

const PREFIXED = ['auth_url', 'username', 'password', 'user_domain_name', 'project_name', 'project_domain_name'];

export function nameInServiceUser(option: string): string {
  const name = snakeCase(option);
  return `[service_user] ${PREFIXED.includes(name) ? 'os_' : ''}${name}`;
}

export function tlsOf({ cafile, certfile, keyfile, insecure }: TlsOptions): { readonly tls?: TlsSettings } {
  if (cafile === '' && certfile === '' && keyfile === '' && !insecure) return {};
  const files = Object.entries({ caFile: cafile, certFile: certfile, keyFile: keyfile });
  return { tls: { insecure, ...Object.fromEntries(files.filter(([, file]) => file !== '')) } };
}

type TlsOptions = Pick<Config['serviceUser'], 'cafile' | 'certfile' | 'keyfile' | 'insecure'>;

export function snakeCase(option: string): string {
  return option.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function sessionOf(
  container: DependencyContainer,
  credentials: KeystoneCredentials,
  settings: KeystoneSessionSettings,
): KeystoneSession {
  const clock = container.resolve<MachineClock>(MachineClock);
  return new KeystoneSession(credentials, settings, clock, container.resolve<Logger>(Logger));
}

type Section = Pick<Config['nova'], 'interface' | 'validInterfaces' | 'regionName'>;

function filterOf({ interface: one, validInterfaces, regionName }: Section) {
  const sides: readonly Interface[] = validInterfaces.length > 0 ? validInterfaces : [one];
  return { interface: sides, ...(regionName !== '' && { region: regionName }) };
}

/** Nova's section counts for what has none. */
function endpoints({ nova, placement, aodh, masakari }: Config): KeystoneSessionSettings {
  const services = Object.entries({ compute: nova, placement, alarming: aodh, 'instance-ha': masakari });
  const overridden = services.filter(([, { endpointOverride }]) => endpointOverride !== '');
  return {
    ...filterOf(nova),
    timeoutS: nova.timeout,
    byService: Object.fromEntries(services.map(([type, section]) => [type, filterOf(section)])),
    endpointOverrides: Object.fromEntries(overridden.map(([type, { endpointOverride }]) => [type, endpointOverride])),
  };
}
