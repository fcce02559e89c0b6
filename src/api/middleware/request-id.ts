import type { RequestHandler } from 'express';
import { newRequestId } from '../../common/context.js';

const HEADER = 'x-openstack-request-id';
const WELL_FORMED = /^req-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Gives every request an id: the caller's own if it is well-formed, so that a request can be followed over services. */
export const requestId: RequestHandler = (req, res, next) => {
  const given = req.headers[HEADER];
  const id = typeof given === 'string' && WELL_FORMED.test(given) ? given : newRequestId();
  res.locals.requestId = id;
  res.setHeader(HEADER, id);
  next();
};
