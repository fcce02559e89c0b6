import type { RequestHandler } from 'express';
import { Refusal } from '../errors.js';

const HEADER = 'OpenStack-API-Version';
const SERVICE = 'maintenance';
/** The only microversion yet. */
export const MICROVERSION = '1.0';

/** Microversions (OpenStack API-WG): the header may name several services; only ours counts, without it 1.0 is meant. */
export const microversion: RequestHandler = (req, res, next) => {
  res.set(HEADER, `${SERVICE} ${MICROVERSION}`);
  res.vary(HEADER);
  const wanted = wantedOf(req.get(HEADER) ?? '');
  if (wanted !== undefined && wanted !== MICROVERSION && wanted !== 'latest') {
    throw new Refusal(406, 'microversion', `Microversion ${wanted} is not served; ${MICROVERSION} is.`);
  }
  next();
};

function wantedOf(header: string): string | undefined {
  for (const part of header.split(',')) {
    const [service, version = ''] = part.trim().split(/\s+/);
    if (service === SERVICE) return version;
  }
  return undefined;
}
