import type { ApiRequest } from '../request.js';
import { isAdmin } from './roles.js';

/** `fenix:maintenance:*`: role:admin */
export function mayManageSessions({ caller }: ApiRequest): boolean {
  return isAdmin(caller);
}
