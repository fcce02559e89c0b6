import type { Identity } from '../../keystone-auth-middleware/index.js';
import type { Credentials, PolicyEnforcer } from '../../policy/index.js';
import type { RuleName } from './index.js';

const ADMIN: RuleName = 'context_is_admin';

/** A service that passes a request on for its user. */
function serviceCredentials(service: Identity | undefined): Credentials {
  if (service === undefined) return {};
  return {
    service_user_id: service.userId,
    service_user_domain_id: service.userDomainId,
    service_project_id: service.projectId,
    service_project_domain_id: service.projectDomainId,
    service_roles: service.roles,
  };
}

/** An identity by the names that oslo.context gives its parts; `is_admin` is what the policy says. */
export function credentialsOf(
  identity: Identity,
  policy: Pick<PolicyEnforcer, 'allows'>,
  service?: Identity,
): Credentials {
  const { systemScope, isAdminProject } = identity;
  const credentials = {
    user_id: identity.userId,
    user_domain_id: identity.userDomainId,
    project_id: identity.projectId,
    project_domain_id: identity.projectDomainId,
    domain_id: identity.domainId,
    system_scope: systemScope ? 'all' : null,
    roles: identity.roles,
    is_admin_project: isAdminProject,
    ...serviceCredentials(service),
  };
  return { ...credentials, is_admin: policy.allows(ADMIN, {}, credentials) };
}
