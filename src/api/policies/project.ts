import type { RuleDefault } from '../../policy/index.js';
import { ADMIN, SCOPES as scopes } from './base.js';

/** Managers in the field may hold a legacy role only, and must be able to write; who only reads must not (v1 §1.1). */
export const OWNER_WRITES = `${ADMIN} or (project_id:%(project_id)s and (role:member or not role:reader))`;
export const NEW_OWNER_WRITES = `${ADMIN} or (project_id:%(project_id)s and role:member)`;
export const OWNER_READS = `${ADMIN} or project_id:%(project_id)s`;

/** The project is the one in the path, compared with the token's (L9). */
export const PROJECT_RULES = [
  {
    name: 'fenix:project:get',
    check: OWNER_READS,
    scopes,
    about: "List a project's instances in a session; project_id is the one in the path.",
  },
  {
    name: 'fenix:project:reply',
    check: OWNER_WRITES,
    newCheck: NEW_OWNER_WRITES,
    scopes,
    about: 'Reply to a notice to a project; project_id is the one in the path.',
  },
] as const satisfies RuleDefault[];
