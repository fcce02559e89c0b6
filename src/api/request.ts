import type { Request, Response } from 'express';
import type { RequestContext } from '../common/context.js';
import type { Logger } from '../common/logger.js';
import { type Identity, identityOf, serviceIdentityOf } from '../keystone-auth-middleware/index.js';
import type { Credentials, PolicyEnforcer } from '../policy/index.js';
import { isEmpty, parseJson } from './middleware/json-body.js';
import { minorVersionOf } from './middleware/microversion.js';
import { credentialsOf } from './policies/credentials.js';

/** Who asks. */
export type Caller = Pick<Identity, 'userId' | 'projectId'> & {
  /** By the policy's rule `context_is_admin`. */
  readonly isAdmin: boolean;
};

/** A request as handlers see it. */
export interface ApiRequest {
  readonly caller: Caller;
  /** When the token ends. */
  readonly tokenEndsAt: Date;
  /** N of the microversion 1.N. */
  readonly minor: number;
  /** Method and path with query, as sent. */
  readonly line: string;
  /** What the policy looks at. */
  readonly credentials: Credentials;
  readonly context: RequestContext;
  readonly log: Logger;
  /** A parameter of the path, decoded. */
  param(name: string): string;
  /** A parameter of the query; the first of several. */
  query(name: string): string | undefined;
  header(name: string): string | undefined;
  readonly rawBody: Buffer;
  /** @param absent stands for a body that is not there. @throws Refusal 400 unless the body is JSON */
  body(absent?: unknown): unknown;
}

const NOTHING = Buffer.alloc(0);

export interface RequestParts {
  readonly logger: Logger;
  readonly policy: Pick<PolicyEnforcer, 'allows'>;
}

/** Once for a request: its right is checked before its body is read. */
export function apiRequest(req: Request, res: Response, { logger, policy }: RequestParts): ApiRequest {
  const identity = identityOf(res);
  const { userId, projectId } = identity;
  const credentials = credentialsOf(identity, policy, serviceIdentityOf(res));
  const [requestId, address] = [requestIdOf(res), addressOf(res)];
  const context: RequestContext = {
    requestId,
    userId,
    ...(projectId === null ? {} : { projectId }),
    ...(address !== undefined && { from: address }),
  };
  return {
    caller: { userId, projectId, isAdmin: credentials.is_admin === true },
    tokenEndsAt: identity.expiresAt,
    minor: minorVersionOf(res),
    line: `${req.method} ${req.originalUrl}`,
    credentials,
    context,
    get log() {
      return logger.child({ request_id: requestId });
    },
    param: (name) => String(req.params[name] ?? ''),
    query: (name) => firstOf(req.query[name]),
    header: (name) => req.get(name),
    get rawBody() {
      return Buffer.isBuffer(req.body) ? req.body : NOTHING;
    },
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

/** Once, at the beginning: later the connection may be gone, and with it whose it was. */
export function noteAddress(req: Request, res: Response): void {
  // Only where a proxy may have written one has express anything to find out.
  res.locals.address = 'x-forwarded-for' in req.headers ? req.ip : req.socket.remoteAddress;
}

/** Where a request came from. */
export function addressOf(res: Response): string | undefined {
  return res.locals.address;
}
