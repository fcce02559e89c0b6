import type { ErrorRequestHandler } from 'express';
import { FenixError, messageOf } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
import { isDatabaseTrouble } from '../../db/database.js';
import { Refusal } from '../errors.js';
import { requestIdOf } from '../request.js';

const RETRY_AFTER_S = 5;

/** Words every failure as v1 §1.3 has it; what nobody foresaw is logged with its stack and answered without. */
export function errorAnswer(logger: Logger): ErrorRequestHandler {
  return (thrown: unknown, _req, res, next) => {
    if (res.headersSent) {
      next(thrown);
      return;
    }
    const requestId = requestIdOf(res);
    const refusal = refusalOf(thrown);
    if (!(thrown instanceof Refusal)) logFailure(logger, refusal, thrown, requestId);
    if (refusal.retryAfterS !== undefined) res.set('Retry-After', String(Math.ceil(refusal.retryAfterS)));
    res.status(refusal.httpStatus).json({
      error: refusal.message,
      code: refusal.code,
      status: refusal.httpStatus,
      ...(refusal.field === undefined ? {} : { field: refusal.field }),
      request_id: requestId,
    });
  };
}

/** An outage of what we depend on says so by its sentence; only a fault of our own needs its stack. */
function logFailure(logger: Logger, { httpStatus }: Refusal, thrown: unknown, requestId: string): void {
  const fields = { error: messageOf(thrown), request_id: requestId };
  if (httpStatus === 500) logger.error({ err: thrown, ...fields }, 'request failed');
  if (httpStatus > 500) logger.warn(fields, 'request cannot be served now');
}

function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  if (thrown instanceof FenixError) return fromFenix(thrown);
  if (isDatabaseTrouble(thrown)) return unavailable('database-unreachable', 'The database is out of reach.', thrown);
  return fromExpress(thrown) ?? new Refusal(500, 'internal', 'Something went wrong in Fenix.', { cause: thrown });
}

function fromFenix(error: FenixError): Refusal {
  const { code, message } = error;
  if (code === 'unauthenticated') return new Refusal(401, code, message);
  if (error.retryable) return unavailable(code, message, error, error.retryAfterS);
  if (error.kind === 'conflict') return new Refusal(409, code, message);
  if (error.kind === 'denied') return unavailable('keystone-refused', 'Fenix could not check the token.', error);
  return new Refusal(500, 'internal', 'Something went wrong in Fenix.', { cause: error });
}

function unavailable(code: string, message: string, cause: unknown, retryAfterS = RETRY_AFTER_S): Refusal {
  return new Refusal(503, code, message, { retryAfterS, cause });
}

/** Errors of body-parser and the router carry a status below 500 where the client is to blame. */
function fromExpress(thrown: unknown): Refusal | undefined {
  const { status, type, limit } = Object(thrown) as { status?: unknown; type?: unknown; limit?: unknown };
  if (status === 413) return new Refusal(413, 'too-large', `The body may have ${limit} bytes at most.`);
  if (type === 'encoding.unsupported') return new Refusal(400, 'bad-request', 'The Content-Encoding is not known.');
  if (typeof status !== 'number' || status < 400 || status >= 500) return undefined;
  return new Refusal(400, 'bad-request', 'The request is not well-formed.');
}
