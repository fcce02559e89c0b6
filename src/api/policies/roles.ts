import type { Caller } from '../request.js';

/** Role names are compared as oslo.policy does, without regard to case. */
export function hasRole({ roles }: Caller, name: string): boolean {
  return roles.some((role) => role.toLowerCase() === name);
}

export function isAdmin(caller: Caller): boolean {
  return hasRole(caller, 'admin');
}

/** Who holds reader but not member; managers in the field may hold a legacy role only, and must be able to write. */
export function onlyReads(caller: Caller): boolean {
  return hasRole(caller, 'reader') && !hasRole(caller, 'member');
}
