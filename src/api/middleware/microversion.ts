import type { RequestHandler, Response } from 'express';
import { Refusal } from '../errors.js';

const HEADER = 'OpenStack-API-Version';
/** As Node has it. */
const NAME = HEADER.toLowerCase();
const SERVICE = 'maintenance';
const MAJOR = 1;
/** 1.1: the list of sessions has objects and pages. */
const NEWEST_MINOR = 1;

export const OLDEST_MICROVERSION = `${MAJOR}.0`;
export const NEWEST_MICROVERSION = `${MAJOR}.${NEWEST_MINOR}`;

/** Microversions (OpenStack API-WG): the header may name several services; only ours counts, without it 1.0 is meant. */
export const microversion: RequestHandler = (req, res, next) => {
  if (res.hasHeader('Vary')) res.vary(HEADER);
  else res.setHeader('Vary', HEADER);
  const given = req.headers[NAME];
  const wanted = (typeof given === 'string' ? wantedOf(given) : undefined) ?? OLDEST_MICROVERSION;
  const minor = minorOf(wanted);
  res.setHeader(HEADER, `${SERVICE} ${MAJOR}.${minor ?? 0}`);
  if (minor === undefined) {
    const served = `${OLDEST_MICROVERSION} to ${NEWEST_MICROVERSION} are`;
    throw new Refusal(406, 'microversion', `Microversion ${wanted} is not served; ${served}.`);
  }
  res.locals.minor = minor;
  next();
};

/** N of the version 1.N that the answer has; 0 where nobody asked. */
export function minorVersionOf(res: Response): number {
  return Number(res.locals.minor ?? 0);
}

function wantedOf(header: string): string | undefined {
  for (const part of header.split(',')) {
    const [service, version = ''] = part.trim().split(/\s+/);
    if (service === SERVICE) return version;
  }
  return undefined;
}

/** Compared as numbers, not as fractions: 1.10 is newer than 1.9. Undefined out of range. */
function minorOf(version: string): number | undefined {
  if (version === 'latest') return NEWEST_MINOR;
  const [, major, minor] = /^(\d{1,4})\.(\d{1,4})$/.exec(version) ?? [];
  return Number(major) === MAJOR && Number(minor) <= NEWEST_MINOR ? Number(minor) : undefined;
}
