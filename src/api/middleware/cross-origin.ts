import cors from 'cors';
import type { RequestHandler } from 'express';

/** What browsers on pages of other origins may do, as oslo.middleware names it. */
export interface CorsSettings {
  /** Empty: no other origin is answered; `*`: any is. */
  readonly allowedOrigins: readonly string[];
  readonly allowCredentials: boolean;
  readonly exposeHeaders: readonly string[];
  readonly maxAgeS: number;
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
}

/** Answers preflight requests, and lets pages of the allowed origins read answers. Needs no token. */
export function crossOrigin(settings: CorsSettings): RequestHandler {
  const { allowedOrigins } = settings;
  const answer = cors({
    origin: allowedOrigins.includes('*') ? '*' : [...allowedOrigins],
    credentials: settings.allowCredentials,
    exposedHeaders: [...settings.exposeHeaders],
    maxAge: settings.maxAgeS,
    methods: [...settings.allowMethods],
    allowedHeaders: [...settings.allowHeaders],
    // Never 204: some clients take nothing but 200 for success (v1 §1.1).
    optionsSuccessStatus: 200,
  });
  return (req, res, next) => {
    const isCrossOrigin = req.method !== 'OPTIONS' || req.get('access-control-request-method') !== undefined;
    if (allowedOrigins.length > 0 && req.get('origin') !== undefined && isCrossOrigin) answer(req, res, next);
    else next();
  };
}
