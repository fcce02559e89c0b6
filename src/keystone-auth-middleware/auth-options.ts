import { FenixError } from '../common/errors.js';
import type { KeystoneCredentials } from './credentials.js';

/** Ways to authenticate, as keystoneauth names them. */
export const AUTH_TYPES = ['password', 'v3password', 'token', 'v3token', 'v3applicationcredential'] as const;

/** Options as keystoneauth names them, but for their case; empty = not set. */
export interface AuthOptions {
  readonly authType: string;
  readonly authUrl: string;
  readonly username: string;
  readonly userId: string;
  readonly password: string;
  readonly userDomainName: string;
  readonly userDomainId: string;
  readonly projectName: string;
  readonly projectId: string;
  readonly projectDomainName: string;
  readonly projectDomainId: string;
  /** `all` or empty. */
  readonly systemScope: string;
  readonly token: string;
  readonly applicationCredentialId: string;
  readonly applicationCredentialName: string;
  readonly applicationCredentialSecret: string;
}

/** Where options are given, for sentences. */
export interface AuthPlace {
  /** Who wants to authenticate, e.g. `The engine`. */
  readonly who: string;
  /** How an option is written there, e.g. `[service_user] os_username`. */
  nameOf(option: keyof AuthOptions): string;
}

type Needed = keyof AuthOptions | readonly (keyof AuthOptions)[];

/**
 * The credentials that options describe.
 * @throws FenixError `config-invalid`, with the first option that is missing
 */
export function credentialsFrom(options: AuthOptions, place: AuthPlace): KeystoneCredentials {
  const need = (...needed: Needed[]): void => {
    for (const one of needed) {
      const names = typeof one === 'string' ? [one] : one;
      if (names.some((name) => options[name] !== '')) continue;
      const message = `${place.who} cannot authenticate: set ${names.map((name) => place.nameOf(name)).join(' or ')}.`;
      throw new FenixError('input', 'config-invalid', message);
    }
  };
  const given = <Name extends keyof AuthOptions>(...names: Name[]): { readonly [N in Name]?: string } => {
    const set = names.filter((name) => options[name] !== '').map((name) => [name, options[name]]);
    return Object.fromEntries(set) as { readonly [N in Name]?: string };
  };
  const { authUrl, systemScope } = options;
  const user = given('username', 'userId', 'userDomainName', 'userDomainId');
  const project = given('projectName', 'projectId', 'projectDomainName', 'projectDomainId');
  const scope = { ...project, ...(systemScope === '' ? {} : { systemScope: true }) };
  need('authUrl');
  switch (options.authType) {
    case 'v3applicationcredential': {
      need(['applicationCredentialId', 'applicationCredentialName']);
      if (options.applicationCredentialId === '') need(['username', 'userId']);
      need('applicationCredentialSecret');
      const { applicationCredentialSecret } = options;
      const which = given('applicationCredentialId', 'applicationCredentialName');
      return { authUrl, applicationCredentialSecret, ...which, ...user };
    }
    case 'token':
    case 'v3token':
      need('token', ['projectName', 'projectId', 'systemScope']);
      return { authUrl, token: options.token, ...scope };
    default:
      need(['username', 'userId'], 'password', ['projectName', 'projectId', 'systemScope']);
      return { authUrl, password: options.password, ...user, ...scope };
  }
}
