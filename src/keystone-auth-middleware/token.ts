import type { Catalog } from './catalog.js';

/** A request that an application credential may make: service type, method and path pattern. */
export interface AccessRule {
  readonly service: string;
  readonly method: string;
  readonly path: string;
}

/** The `token` object of Keystone's answers (Identity API v3), as far as it is read here. */
export interface TokenBody {
  readonly user: { readonly id: string; readonly name: string; readonly domain: { readonly id: string } };
  readonly project?: { readonly id: string; readonly name: string; readonly domain: { readonly id: string } };
  readonly domain?: { readonly id: string };
  readonly system?: { readonly all?: boolean };
  readonly roles?: readonly { readonly name: string }[];
  readonly is_admin_project?: boolean;
  readonly issued_at: string;
  readonly expires_at: string;
  readonly catalog?: Catalog;
  /** Its own, then that of the first token of its chain. */
  readonly audit_ids?: readonly string[];
  readonly application_credential?: { readonly id: string; readonly access_rules?: readonly AccessRule[] };
}

/** Who a token speaks for. */
export interface Identity {
  readonly userId: string;
  readonly userName: string;
  readonly userDomainId: string;
  /** Null unless the token is scoped to a project. */
  readonly projectId: string | null;
  readonly projectName: string | null;
  readonly projectDomainId: string | null;
  /** Null unless the token is scoped to a domain. */
  readonly domainId: string | null;
  readonly systemScope: boolean;
  /** Names of the roles. */
  readonly roles: readonly string[];
  /** True as well where the cloud has not named an admin project, as oslo.policy reads it. */
  readonly isAdminProject: boolean;
  readonly expiresAt: Date;
  /** What an application credential restricts its tokens to; null = nothing. */
  readonly accessRules: readonly AccessRule[] | null;
}

export function identityFrom(token: TokenBody): Identity {
  return {
    userId: token.user.id,
    userName: token.user.name,
    userDomainId: token.user.domain.id,
    projectId: token.project?.id ?? null,
    projectName: token.project?.name ?? null,
    projectDomainId: token.project?.domain.id ?? null,
    domainId: token.domain?.id ?? null,
    systemScope: token.system?.all === true,
    roles: (token.roles ?? []).map((role) => role.name),
    isAdminProject: token.is_admin_project ?? true,
    expiresAt: new Date(token.expires_at),
    accessRules: token.application_credential?.access_rules ?? null,
  };
}
