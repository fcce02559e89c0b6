import type { RequestHandler, Response } from 'express';
import type { MachineClock } from '../../common/clock.js';
import type { Logger } from '../../common/logger.js';
import type { Identity } from '../../keystone-auth-middleware/index.js';
import { addressOf, noteAddress, requestIdOf } from '../request.js';

/** One line for every request, when its answer is out or its client is gone. Never headers or bodies. */
export function requestLog(logger: Logger, clock: MachineClock): RequestHandler {
  return (req, res, next) => {
    const { method } = req;
    const path = req.url.split('?', 1)[0] as string;
    const begunMs = clock.monotonicMs();
    noteAddress(req, res);
    res.on('close', () => {
      const address = addressOf(res);
      const fields = {
        method,
        path,
        status: res.statusCode,
        duration_ms: Math.round(clock.monotonicMs() - begunMs),
        ...callerFields(res),
        ...(address !== undefined && { address }),
        request_id: requestIdOf(res),
      };
      logger.info(fields, res.writableFinished ? 'request' : 'request whose client went away');
    });
    next();
  };
}

function callerFields(res: Response): object {
  const identity: Identity | undefined = res.locals.identity;
  return identity === undefined ? {} : { user_id: identity.userId, project_id: identity.projectId };
}
