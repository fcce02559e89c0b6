import type { NextFunction, Request, Response } from 'express';
import { Refusal } from '../../refusal.js';
import { callerOf } from '../wire.js';

/** Refuses those that are not admins, in Nova's words. */
export function requireAdmin(response: Response, rule: string): void {
  if (!callerOf(response).admin) throw new Refusal(403, `Policy doesn't allow os_compute_api:${rule} to be performed.`);
}

/** A whole route for admins only. */
export function adminOnly(rule: string) {
  return (_request: Request, response: Response, next: NextFunction): void => {
    requireAdmin(response, rule);
    next();
  };
}
