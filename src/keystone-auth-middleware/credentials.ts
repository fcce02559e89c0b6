/** How a service proves to Keystone who it is (Identity API v3); which of the methods shows by what is there. */
export type KeystoneCredentials = PasswordCredentials | TokenCredentials | ApplicationCredentials;

interface Keystone {
  /** With or without `/v3` at its end. */
  readonly authUrl: string;
}

/** What the token is to be good for. Names need their domain, by name or id; without either: id `default`. */
interface Scope {
  readonly projectName?: string;
  readonly projectId?: string;
  readonly projectDomainName?: string;
  readonly projectDomainId?: string;
  /** The whole system, in place of a project. */
  readonly systemScope?: boolean;
}

/** By id, or by name with its domain, by name or id; without either: id `default`. */
interface NamedUser {
  readonly username?: string;
  readonly userId?: string;
  readonly userDomainName?: string;
  readonly userDomainId?: string;
}

export interface PasswordCredentials extends Keystone, Scope, NamedUser {
  readonly password: string;
}

/** A token that somebody got before; what is made of it ends no later than it does. */
export interface TokenCredentials extends Keystone, Scope {
  readonly token: string;
}

/** By its id, or by its name and its user; its project is its scope. */
export interface ApplicationCredentials extends Keystone, NamedUser {
  readonly applicationCredentialId?: string;
  readonly applicationCredentialName?: string;
  readonly applicationCredentialSecret: string;
}

/** Body of POST /v3/auth/tokens. */
export function authRequest(credentials: KeystoneCredentials): object {
  if ('applicationCredentialSecret' in credentials) {
    const { applicationCredentialId: id, applicationCredentialSecret: secret } = credentials;
    const which =
      id === undefined ? { name: credentials.applicationCredentialName, user: userOf(credentials) } : { id };
    return auth('application_credential', { ...which, secret }, {});
  }
  if ('token' in credentials) return auth('token', { id: credentials.token }, scopeOf(credentials));
  return auth('password', { user: { ...userOf(credentials), password: credentials.password } }, scopeOf(credentials));
}

function auth(method: string, proof: object, scope: object): object {
  return { auth: { identity: { methods: [method], [method]: proof }, ...scope } };
}

function userOf({ userId, username, userDomainId, userDomainName }: NamedUser): object {
  return named(userId, username, userDomainId, userDomainName);
}

function scopeOf({ systemScope, projectId, projectName, projectDomainId, projectDomainName }: Scope): object {
  if (systemScope) return { scope: { system: { all: true } } };
  if (projectId === undefined && projectName === undefined) return {};
  return { scope: { project: named(projectId, projectName, projectDomainId, projectDomainName) } };
}

function named(id?: string, name?: string, domainId?: string, domainName?: string): object {
  if (id !== undefined) return { id };
  const domain =
    domainId === undefined && domainName !== undefined ? { name: domainName } : { id: domainId ?? 'default' };
  return { name, domain };
}
