import type { ApiRequest } from '../request.js';
import { isAdmin, onlyReads } from './roles.js';

/** `fenix:project:get`: project_id:%(project_id)s or role:admin */
export function mayReadProject(request: ApiRequest): boolean {
  return isOwnProject(request) || isAdmin(request.caller);
}

/** `fenix:project:reply`: (project_id:%(project_id)s and (role:member or not role:reader)) or role:admin */
export function mayReply(request: ApiRequest): boolean {
  const { caller } = request;
  return (isOwnProject(request) && !onlyReads(caller)) || isAdmin(caller);
}

/** Ownership comes from the token (L9): the path only says which project is meant. */
function isOwnProject({ caller, param }: ApiRequest): boolean {
  return caller.projectId !== null && caller.projectId === param('project');
}
