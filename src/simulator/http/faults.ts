import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { SystemMachineClock } from '../../common/clock.js';
import { SERVICE } from '../cloud-population.js';
import type { Faults } from '../faults/faults.js';
import type { HttpFault } from '../faults/plan.js';
import type { Tokens } from '../tokens.js';

const machine = new SystemMachineClock();
const DELAY_MS = 50;

/** Does to calls what the fault plan says, between the connection and the services. */
export function faultyCalls(faults: Faults, tokens: Tokens): RequestHandler {
  return (request: Request, response: Response, next: NextFunction): void => {
    const { method, originalUrl: path } = request;
    const fault = faults.ofCall({ method, path, byService: isByService(request, tokens) });
    if (fault === undefined) next();
    else happen(fault, request, response, next);
  };
}

function happen(fault: HttpFault, request: Request, response: Response, next: NextFunction): void {
  switch (fault.kind) {
    case 'status':
      if (fault.retryAfter !== undefined) response.set('Retry-After', String(fault.retryAfter));
      response.status(fault.status ?? 503).json({ error: { message: 'The service is out of order.' } });
      return;
    case 'reset':
      request.socket.destroy();
      return;
    case 'reset-after':
      // The handlers believe that they answer.
      response.end = (): Response => {
        request.socket.destroy();
        return response;
      };
      next();
      return;
    case 'late':
      answerLate(response, fault.delayMs ?? DELAY_MS);
      next();
      return;
    case 'slow':
      machine.sleepMs(fault.delayMs ?? DELAY_MS).then(() => next(), next);
  }
}

/** The handlers believe that they answer at once. */
function answerLate(response: Response, delayMs: number): void {
  const send = response.end.bind(response) as (...args: unknown[]) => Response;
  response.end = (...args: unknown[]): Response => {
    void machine.sleepMs(delayMs).then(() => send(...args));
    return response;
  };
}

/** By its token, or by whom it logs in as. */
function isByService(request: Request, tokens: Tokens): boolean {
  const token = tokens.valid(request.get('x-auth-token'));
  if (token !== undefined) return token.user.name === SERVICE.username;
  const body = request.body as { auth?: { identity?: { password?: { user?: { name?: unknown } } } } } | undefined;
  return body?.auth?.identity?.password?.user?.name === SERVICE.username;
}
