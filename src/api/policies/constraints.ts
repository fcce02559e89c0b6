import type { ApiRequest } from '../request.js';
import { isAdmin, onlyReads } from './roles.js';

/*
 * `project_id` of a constraint is its owner's, and that is the token's project, never the body's value (L9): so whoever
 * has a project may.
 */

/** `fenix:instance:get`, `fenix:instance_group:get`: project_id:%(project_id)s or role:admin */
export function mayReadConstraints({ caller }: ApiRequest): boolean {
  return caller.projectId !== null || isAdmin(caller);
}

/**
 * `fenix:instance:{update,delete}`, `fenix:instance_group:{update,delete}`:
 * (project_id:%(project_id)s and (role:member or not role:reader)) or role:admin
 */
export function mayWriteConstraints({ caller }: ApiRequest): boolean {
  return (caller.projectId !== null && !onlyReads(caller)) || isAdmin(caller);
}
