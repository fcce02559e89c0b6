/** A service user, scoped to a project. Names need their domain, by name or id; without either: id `default`. */
export interface KeystoneCredentials {
  /** With or without `/v3` at its end. */
  readonly authUrl: string;
  readonly username?: string;
  readonly userId?: string;
  readonly password: string;
  readonly userDomainName?: string;
  readonly userDomainId?: string;
  readonly projectName?: string;
  readonly projectId?: string;
  readonly projectDomainName?: string;
  readonly projectDomainId?: string;
}

/** Body of POST /v3/auth/tokens (Identity API v3, password authentication with project scope). */
export function passwordRequest(credentials: KeystoneCredentials): object {
  const { userId, username, userDomainId, userDomainName, password } = credentials;
  const { projectId, projectName, projectDomainId, projectDomainName } = credentials;
  const user = named(userId, username, userDomainId, userDomainName);
  const project = named(projectId, projectName, projectDomainId, projectDomainName);
  return {
    auth: {
      identity: { methods: ['password'], password: { user: { ...user, password } } },
      scope: { project },
    },
  };
}

function named(id?: string, name?: string, domainId?: string, domainName?: string): object {
  if (id !== undefined) return { id };
  const domain =
    domainId === undefined && domainName !== undefined ? { name: domainName } : { id: domainId ?? 'default' };
  return { name, domain };
}
