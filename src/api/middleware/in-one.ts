import type { NextFunction, Request, RequestHandler, Response } from 'express';

/** Handlers that are always run one after the other, as one: the router takes its time over each that it knows of. */
export function inOne(...handlers: readonly RequestHandler[]): RequestHandler {
  return (req, res, next) => run(handlers, 0, req, res, next);
}

function run(
  handlers: readonly RequestHandler[],
  place: number,
  req: Request,
  res: Response,
  next: NextFunction,
): void {
  const handler = handlers[place];
  if (handler === undefined) {
    next();
    return;
  }
  const result: unknown = handler(req, res, (error?: unknown) => {
    if (error === undefined) run(handlers, place + 1, req, res, next);
    else next(error);
  });
  if (result instanceof Promise) result.catch(next);
}
