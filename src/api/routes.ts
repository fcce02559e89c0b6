import { type RequestHandler, Router } from 'express';
import type { Target } from '../policy/index.js';
import { forbidden, notFound, Refusal } from './errors.js';
import { sendJson } from './json-answer.js';
import { bodyReader } from './middleware/json-body.js';
import type { Method, Operation } from './operations/index.js';
import type { RateLimits } from './rate-limits.js';
import { type ApiRequest, apiRequest, type RequestParts } from './request.js';
import { Streamed } from './streamed.js';

/** Resolves to the body of the 200, or to what writes the answer itself. */
export type Handler = (request: ApiRequest) => Promise<unknown>;

/** What the rules of a resource's operations may refer to as `%(key)s`. */
export type TargetOf = (request: ApiRequest) => Target;

/** An operation with what carries it out. */
export interface Endpoint extends Operation {
  readonly handle: Handler;
  readonly target: TargetOf;
}

/** Every operation of a resource with its handler. */
export function endpoints<Id extends string>(
  operations: Readonly<Record<Id, Operation>>,
  handlers: Readonly<Record<Id, Handler>>,
  target: TargetOf = () => ({}),
): Endpoint[] {
  return (Object.keys(operations) as Id[]).map((id) => ({ ...operations[id], handle: handlers[id], target }));
}

export interface RouterParts extends RequestParts {
  readonly limits: RateLimits;
  readonly maxBodyBytes: number;
}

/**
 * Answers the endpoints, 405 with Allow for other methods on their paths, and 404 for everything else.
 * @param reserved paths that are not served, but no others' either; they go before paths that would match them
 */
export function routerOf(all: readonly Endpoint[], reserved: readonly string[], parts: RouterParts): Router {
  const router = Router({ caseSensitive: true });
  const paths = [...new Set(all.map(({ path }) => path))];
  for (const path of [...reserved, ...paths].sort(literalFirst)) {
    const pattern = path.replaceAll(/\{(\w+)\}/g, ':$1');
    const here = all.filter((endpoint) => endpoint.path === path);
    // One for all methods: those before it are tried for each request.
    const route = router.route(pattern);
    for (const endpoint of here) route[verbOf(endpoint.method)](serve(endpoint, parts));
    route.all(here.length === 0 ? unknownPath : methodNotAllowed(here.map(({ method }) => method)));
  }
  router.use(unknownPath);
  return router;
}

/** Words go before parameters, or `detail` would be a project. */
function literalFirst(one: string, other: string): number {
  return parametersOf(one) - parametersOf(other);
}

function parametersOf(path: string): number {
  return path.split('{').length;
}

function verbOf(method: Method): 'get' | 'put' | 'post' | 'delete' {
  return method.toLowerCase() as ReturnType<typeof verbOf>;
}

/** The right is checked before the body is read and before anything is looked up. */
function serve({ method, rule, target, limit, handle }: Endpoint, parts: RouterParts): RequestHandler {
  const readBody = takesBody(method) ? bodyReader(parts.maxBodyBytes) : undefined;
  return async (req, res) => {
    const request = apiRequest(req, res, parts);
    if (!parts.policy.allows(rule, target(request), request.credentials)) {
      throw forbidden(`Your token does not allow this (${rule}).`);
    }
    if (limit !== undefined) await parts.limits.take(limit, request.caller.projectId ?? request.caller.userId);
    await readBody?.(req, res);
    const answer = await handle(request);
    if (answer instanceof Streamed) await answer.send(res);
    else sendJson(req, res, answer);
  };
}

/** Bodies of other methods are ignored (v1 §1.3 c). */
function takesBody(method: Method): boolean {
  return method === 'PUT' || method === 'POST';
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
