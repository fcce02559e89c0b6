import type { IncomingHttpHeaders } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import { FenixError } from '../common/errors.js';
import { isWithinAccessRules } from './access-rules.js';
import type { Identity } from './token.js';
import type { TokenValidator } from './token-validator.js';

/** No token, or one that is not valid: an API answers it with 401. The WWW-Authenticate header is set already. */
export class Unauthenticated extends FenixError {
  constructor(sentence: string) {
    super('denied', 'unauthenticated', sentence);
  }
}

export interface KeystoneAuthSettings {
  readonly validator: Pick<TokenValidator, 'validate'>;
  /** Where clients get a token: Keystone's public address. */
  readonly wwwAuthenticateUri: string;
  /** Type of this service in the catalog, by which access rules of application credentials name it. */
  readonly serviceType?: string;
  /** Roles, one of which makes a token in X-Service-Token a service's; default `service`. */
  readonly serviceTokenRoles?: readonly string[];
  /** Whether X-Service-Token with none of those roles makes the request invalid; default false: it means nothing. */
  readonly serviceTokenRolesRequired?: boolean;
  /** Under which id the request goes on to Keystone, `req-<uuid>`. Absent: none. */
  readonly requestIdOf?: (res: Response) => string | undefined;
}

/** Headers by which a WSGI pipeline hands an identity on; from outside they can only be forged. */
const IDENTITY_HEADER =
  /^x-(identity-status|roles?|user|tenant|is-admin-project|service-catalog|domain-(id|name)|(user|project|tenant)-((domain-)?(id|name))|service-(identity-status|roles|(user|project)-((domain-)?(id|name))))$|^openstack-system-scope$/;

/**
 * Express middleware that lets requests with a valid X-Auth-Token through, with their {@link Identity} in
 * `res.locals.identity`, and that of a valid X-Service-Token in `res.locals.serviceIdentity`. A service may bring a user's
 * token that ended meanwhile, and is not bound by access rules. All else goes to `next(error)`, so that the API words the
 * answer: {@link Unauthenticated}, or FenixError `overload` while Keystone cannot be asked (503 with Retry-After, never 401).
 */
export function keystoneAuth(settings: KeystoneAuthSettings): RequestHandler {
  const challenge = `Keystone uri="${settings.wwwAuthenticateUri}"`;
  return async (req, res, next) => {
    stripIdentityHeaders(req.headers);
    const verdict = await authenticate(settings, req, settings.requestIdOf?.(res));
    if (typeof verdict === 'string') {
      res.set('WWW-Authenticate', challenge);
      throw new Unauthenticated(verdict);
    }
    res.locals.identity = verdict.identity;
    if (verdict.service !== undefined) res.locals.serviceIdentity = verdict.service;
    next();
  };
}

interface Authenticated {
  readonly identity: Identity;
  readonly service: Identity | undefined;
}

const SERVICE_ROLES = ['service'];

/** Who asks, or a sentence that says why that cannot be said. */
async function authenticate(
  settings: KeystoneAuthSettings,
  req: Request,
  requestId: string | undefined,
): Promise<Authenticated | string> {
  const { validator, serviceTokenRoles = SERVICE_ROLES, serviceTokenRolesRequired, serviceType = '' } = settings;
  const [token, serviceToken] = [headerOf(req, 'x-auth-token'), headerOf(req, 'x-service-token')];
  if (token === undefined) return 'A token is required (X-Auth-Token)';
  const bearer = serviceToken === undefined ? undefined : await validator.validate(serviceToken, { requestId });
  const isService = bearer?.roles.some((role) => serviceTokenRoles.includes(role)) ?? false;
  if (serviceToken !== undefined && (bearer === undefined || (serviceTokenRolesRequired && !isService))) {
    return 'The service token is not valid (X-Service-Token)';
  }
  const identity = await validator.validate(token, { allowExpired: isService, requestId });
  if (identity === undefined) return 'The token is not valid';
  // A service that passes a request on makes others than the user may make by itself.
  if (!isService && !isWithinAccessRules(identity, serviceType, req.method, `${req.baseUrl}${req.path}`)) {
    return 'The access rules of the application credential do not allow this';
  }
  return { identity, service: isService ? bearer : undefined };
}

function headerOf(req: Request, name: string): string | undefined {
  const value = req.headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** Removes what a client may have written to pass for somebody else. */
export function stripIdentityHeaders(headers: IncomingHttpHeaders): void {
  for (const name of Object.keys(headers)) if (IDENTITY_HEADER.test(name)) delete headers[name];
}

/** Who makes this request; only behind {@link keystoneAuth}. */
export function identityOf(res: Response): Identity {
  const identity: Identity | undefined = res.locals.identity;
  if (identity === undefined) throw new Unauthenticated('The request was not authenticated');
  return identity;
}

/** The service that passes the request on for its user, if one does. */
export function serviceIdentityOf(res: Response): Identity | undefined {
  return res.locals.serviceIdentity;
}
