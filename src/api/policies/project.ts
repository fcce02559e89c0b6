import type { ApiRequest } from '../request.js';
import { hasRole, isAdmin } from './roles.js';

/** `fenix:project:get`: project_id:%(project_id)s or role:admin */
export function mayReadProject(request: ApiRequest): boolean {
  return isOwnProject(request) || isAdmin(request.caller);
}

/**
 * `fenix:project:reply`: (project_id:%(project_id)s and (role:member or not role:reader)) or role:admin. Project
 * managers in the field may hold a legacy role only.
 */
export function mayReply(request: ApiRequest): boolean {
  const { caller } = request;
  const readsOnly = hasRole(caller, 'reader') && !hasRole(caller, 'member');
  return (isOwnProject(request) && !readsOnly) || isAdmin(caller);
}

/** Ownership comes from the token (L9): the path only says which project is meant. */
function isOwnProject({ caller, param }: ApiRequest): boolean {
  return caller.projectId !== null && caller.projectId === param('project');
}
