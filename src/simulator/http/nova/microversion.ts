import type { NextFunction, Request, Response } from 'express';
import { Refusal } from '../../refusal.js';
import { localsOf } from '../wire.js';

export const MAX_MINOR = 93;

/** Reads `OpenStack-API-Version: compute 2.N` (or the older header); without it 2.1. Answers name what was used. */
export function novaMicroversion(request: Request, response: Response, next: NextFunction): void {
  const wanted = requested(request);
  const version = wanted === 'latest' ? `2.${MAX_MINOR}` : wanted;
  response.set({
    'OpenStack-API-Version': `compute ${version}`,
    'X-OpenStack-Nova-API-Version': version,
    Vary: 'OpenStack-API-Version, X-OpenStack-Nova-API-Version',
    'x-compute-request-id': localsOf(response).requestId,
  });
  const match = /^(\d+)\.(\d+)$/.exec(version);
  if (match === null)
    throw new Refusal(
      400,
      `API Version String '${version}' is of invalid format. It must be of format MajorNum.MinorNum.`,
    );
  const minor = Number(match[2]);
  if (match[1] !== '2' || minor < 1 || minor > MAX_MINOR)
    throw new Refusal(
      406,
      `Version ${version} is not supported by the API. Minimum is 2.1 and maximum is 2.${MAX_MINOR}.`,
    );
  localsOf(response).minor = minor;
  next();
}

/** N of the request's microversion 2.N. */
export function minorOf(response: Response): number {
  return localsOf(response).minor ?? 1;
}

/** A route that does not exist below microversion 2.`minor`. */
export function since(minor: number) {
  return (_request: Request, response: Response, next: NextFunction): void => {
    if (minorOf(response) < minor) throw new Refusal(404, 'The resource could not be found.');
    next();
  };
}

function requested(request: Request): string {
  for (const part of (request.get('openstack-api-version') ?? '').split(',')) {
    const [service, version] = part.trim().split(/\s+/);
    if (service?.toLowerCase() === 'compute' && version !== undefined) return version;
  }
  return request.get('x-openstack-nova-api-version') ?? '2.1';
}
