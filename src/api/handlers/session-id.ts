import { notFound } from '../errors.js';
import type { ApiRequest } from '../request.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Ids of projects and instances: what cannot be one is not looked up. */
const ID = /^[\x21-\x7e]{1,64}$/;

export const UNKNOWN_SESSION = 'There is no such session.';
export const UNKNOWN_PROJECT = 'The project has no part in this session.';
export const UNKNOWN_INSTANCE = 'The instance has no part in this session.';

/** @throws Refusal 404 for what cannot be the id of a session */
export function sessionIdOf(request: ApiRequest): string {
  const id = request.param('session_id');
  if (!isSessionId(id)) throw notFound(UNKNOWN_SESSION);
  return id;
}

export function isSessionId(id: string): boolean {
  return UUID.test(id);
}

/** @throws Refusal 404 likewise */
export function projectIdOf(request: ApiRequest): string {
  const id = request.param('project_id');
  if (!ID.test(id)) throw notFound(UNKNOWN_PROJECT);
  return id;
}
