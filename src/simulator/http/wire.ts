import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Caller } from '../records.js';
import { Refusal } from '../refusal.js';
import type { Tokens } from '../tokens.js';

/** JSON numbers and texts in, whatever they are: the services answer for odd ones themselves. */
export type JsonObject = Readonly<Record<string, unknown>>;

export { isObject } from '../../common/is-object.js';

/** The first value of a query parameter, or undefined. */
export function query(request: Request, name: string): string | undefined {
  const value: unknown = request.query[name];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' ? first : undefined;
}

/** All values of a query parameter that may be repeated. */
export function queryAll(request: Request, name: string): string[] {
  const value: unknown = request.query[name];
  return (Array.isArray(value) ? value : [value]).filter((item): item is string => typeof item === 'string');
}

/** A path parameter. */
export function param(request: Request, name: string): string {
  const value = request.params[name];
  return typeof value === 'string' ? value : '';
}

/** What earlier middleware found out about a request. */
export interface Locals {
  requestId: string;
  caller?: Caller;
  minor?: number;
}

export function localsOf(response: Response): Locals {
  return response.locals as Locals;
}

/** Who asks; only behind {@link authenticate}. */
export function callerOf(response: Response): Caller {
  const { caller } = localsOf(response);
  if (caller === undefined) throw new Refusal(401, 'The request you have made requires authentication.');
  return caller;
}

/** keystonemiddleware's auth_token, as the services but Keystone use it: bad or no token is a 401. */
export function authenticate(tokens: Tokens, keystoneUrl: string): RequestHandler {
  return (request: Request, response: Response, next: NextFunction): void => {
    const token = tokens.valid(request.get('x-auth-token'));
    if (token === undefined || !token.scoped) {
      response.set('WWW-Authenticate', `Keystone uri="${keystoneUrl}"`).status(401).json(UNAUTHORIZED);
      return;
    }
    const { id: userId, project, roles } = token.user;
    const { requestId } = localsOf(response);
    localsOf(response).caller = { userId, projectId: project.id, admin: roles.includes('admin'), requestId };
    next();
  };
}

const UNAUTHORIZED = {
  error: { code: 401, title: 'Unauthorized', message: 'The request you have made requires authentication.' },
};

/** Parts of an endpoint's answer to a Refusal that differ between services. */
export function refusals(render: (refusal: Refusal, response: Response) => unknown) {
  return (error: unknown, _request: Request, response: Response, next: NextFunction): void => {
    if (error instanceof Refusal) response.status(error.status).json(render(error, response));
    else next(error);
  };
}

/** "2026-11-22T08:30:22Z" */
export function seconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** "2026-11-22T08:30:22.000000", as the database keeps whole seconds. */
export function wholeMicros(date: Date): string {
  return `${date.toISOString().slice(0, 19)}.000000`;
}

/** "2026-11-22T08:30:22.123000" */
export function micros(date: Date): string {
  return `${date.toISOString().slice(0, 23)}000`;
}
