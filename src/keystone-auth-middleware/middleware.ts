import type { IncomingHttpHeaders } from 'node:http';
import type { RequestHandler, Response } from 'express';
import { FenixError } from '../common/errors.js';
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
}

/** Headers by which a WSGI pipeline hands an identity on; from outside they can only be forged. */
const IDENTITY_HEADER =
  /^x-(identity-status|roles?|user|tenant|is-admin-project|service-catalog|domain-(id|name)|(user|project|tenant)-((domain-)?(id|name))|service-(identity-status|roles|(user|project)-((domain-)?(id|name))))$|^openstack-system-scope$/;

/**
 * Express middleware that lets requests with a valid X-Auth-Token through, with their {@link Identity} in
 * `res.locals.identity`. All else goes to `next(error)`, so that the API words the answer: {@link Unauthenticated}, or
 * FenixError `overload` while Keystone cannot be asked (503 with Retry-After, never 401).
 */
export function keystoneAuth({ validator, wwwAuthenticateUri }: KeystoneAuthSettings): RequestHandler {
  const challenge = `Keystone uri="${wwwAuthenticateUri}"`;
  return async (req, res, next) => {
    stripIdentityHeaders(req.headers);
    const token = req.headers['x-auth-token'];
    const identity = typeof token === 'string' ? await validator.validate(token) : undefined;
    if (identity === undefined) {
      res.set('WWW-Authenticate', challenge);
      throw new Unauthenticated(token === undefined ? 'A token is required (X-Auth-Token)' : 'The token is not valid');
    }
    res.locals.identity = identity;
    next();
  };
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
