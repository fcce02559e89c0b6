import type { RuleDefault } from '../../policy/index.js';

/** Tokens of a project or of the whole system; who administers a domain does not administer the cloud. */
export const SCOPES = ['system', 'project'] as const;

export const ADMIN = 'rule:context_is_admin';
/** Whoever may look at the whole cloud, in the roles that OpenStack has had since "secure RBAC". */
export const ADMIN_OR_SYSTEM_READER = `${ADMIN} or (role:reader and system_scope:all)`;

/** Who counts as admin: for the rules below, and where an admin's request does more than a project's. */
export const BASE = [
  { name: 'context_is_admin', check: 'role:admin', about: 'Who counts as an admin.' },
] as const satisfies RuleDefault[];
