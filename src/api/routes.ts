import { type RequestHandler, Router } from 'express';
import type { Logger } from '../common/logger.js';
import { forbidden, notFound, Refusal } from './errors.js';
import { readBody } from './middleware/json-body.js';
import { type ApiRequest, apiRequest } from './request.js';

/** What a method on a path may and does. The handler resolves to the body of the 200. */
export interface Endpoint {
  readonly allowed: (request: ApiRequest) => boolean;
  readonly handle: (request: ApiRequest) => Promise<unknown>;
}

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** One path with its methods; `null` for words that are reserved and not served yet. */
export interface Route {
  readonly path: string;
  readonly methods: Partial<Record<Method, Endpoint>> | null;
}

/** Answers the routes, 405 with Allow for other methods on them, and 404 for everything else. */
export function routerOf(routes: readonly Route[], logger: Logger): Router {
  const router = Router({ caseSensitive: true });
  for (const { path, methods } of routes) {
    if (methods === null) {
      router.all(path, unknownPath);
      continue;
    }
    for (const [method, endpoint] of Object.entries(methods) as [Method, Endpoint][]) {
      const verb = method.toLowerCase() as 'get' | 'put' | 'post' | 'delete';
      router[verb](path, check(endpoint, logger), ...(takesBody(method) ? [readBody] : []), answer(endpoint, logger));
    }
    router.all(path, methodNotAllowed(Object.keys(methods)));
  }
  router.use(unknownPath);
  return router;
}

/** Bodies of other methods are ignored (v1 §1.3 c). */
function takesBody(method: Method): boolean {
  return method === 'PUT' || method === 'POST';
}

/** The right is checked before the body is read and before anything is looked up. */
function check(endpoint: Endpoint, logger: Logger): RequestHandler {
  return (req, res, next) => {
    if (!endpoint.allowed(apiRequest(req, res, logger))) throw forbidden('Your token does not allow this.');
    next();
  };
}

/** Always 200: some clients take nothing else for success. */
function answer(endpoint: Endpoint, logger: Logger): RequestHandler {
  return async (req, res) => {
    res.status(200).json(await endpoint.handle(apiRequest(req, res, logger)));
  };
}

export function methodNotAllowed(methods: readonly string[]): RequestHandler {
  const allow = methods.includes('GET') ? [...methods, 'HEAD'] : methods;
  return (req, res) => {
    res.set('Allow', allow.join(', '));
    throw new Refusal(405, 'method-not-allowed', `${req.method} is not served here, but ${allow.join(', ')}.`);
  };
}

export const unknownPath: RequestHandler = () => {
  throw notFound('There is nothing at this path.');
};
