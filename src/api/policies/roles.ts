import type { Caller } from '../request.js';

/** Role names are compared as oslo.policy does, without regard to case. */
export function hasRole({ roles }: Caller, name: string): boolean {
  return roles.some((role) => role.toLowerCase() === name);
}

export function isAdmin(caller: Caller): boolean {
  return hasRole(caller, 'admin');
}
