import type { Request, Response } from 'express';
import type { RequestContext } from '../common/context.js';
import type { Logger } from '../common/logger.js';
import { type Identity, identityOf } from '../keystone-auth-middleware/index.js';
import type { Credentials, PolicyEnforcer } from '../policy/index.js';
import { isEmpty, parseJson } from './middleware/json-body.js';
import { credentialsOf } from './policies/credentials.js';

/** Who asks. */
export type Caller = Pick<Identity, 'userId' | 'projectId'> & {
  /** By the policy's rule `context_is_admin`. */
  readonly isAdmin: boolean;
};

/** A request as handlers see it. */
export interface ApiRequest {
  readonly caller: Caller;
  /** What the policy looks at. */
  readonly credentials: Credentials;
  readonly context: RequestContext;
  readonly log: Logger;
  /** A parameter of the path, decoded. */
  param(name: string): string;
  /** A parameter of the query; the first of several. */
  query(name: string): string | undefined;
  /** @param absent stands for a body that is not there. @throws Refusal 400 unless the body is JSON */
  body(absent?: unknown): unknown;
}

export interface RequestParts {
  readonly logger: Logger;
  readonly policy: Pick<PolicyEnforcer, 'allows'>;
}

export function apiRequest(req: Request, res: Response, { logger, policy }: RequestParts): ApiRequest {
  const identity = identityOf(res);
  const { userId, projectId } = identity;
  const credentials = credentialsOf(identity, policy);
  const requestId = requestIdOf(res);
  const context: RequestContext = {
    requestId,
    userId,
    ...(projectId === null ? {} : { projectId }),
    ...(req.ip === undefined ? {} : { from: req.ip }),
  };
  return {
    caller: { userId, projectId, isAdmin: credentials.is_admin === true },
    credentials,
    context,
    log: logger.child({ request_id: requestId }),
    param: (name) => String(req.params[name] ?? ''),
    query: (name) => firstOf(req.query[name]),
    body: (absent) => (absent !== undefined && isEmpty(req.body) ? absent : parseJson(req.body)),
  };
}

function firstOf(value: unknown): string | undefined {
  const [first] = [value].flat();
  return typeof first === 'string' ? first : undefined;
}

export function requestIdOf(res: Response): string {
  return String(res.locals.requestId);
}
