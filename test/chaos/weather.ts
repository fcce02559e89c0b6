import type { HttpFault } from '../../src/simulator/index.js';

/** Shorter than Fenix's time-out for a request in these waves, and longer. */
const SLOW_MS = 2000;
const TOO_LATE_MS = 8000;

/** What becomes of Fenix's requests to the cloud for a few seconds. */
export const WEATHERS = {
  'Keystone out': [{ rate: 1, kind: 'status', status: 503, service: 'identity' }],
  'Nova out': [{ rate: 1, kind: 'status', status: 503, service: 'compute' }],
  'Placement out': [{ rate: 1, kind: 'status', status: 503, service: 'placement' }],
  'internal errors': [{ rate: 0.3, kind: 'status', status: 500 }],
  overload: [{ rate: 0.4, kind: 'status', status: 429, retryAfter: 1 }],
  conflicts: [{ rate: 0.4, kind: 'status', status: 409, calls: 'writes', service: 'compute' }],
  'gateway errors after acceptance': [{ rate: 0.6, kind: 'reset-after', calls: 'writes' }],
  'connections lost': [{ rate: 0.3, kind: 'reset' }],
  'slow answers': [{ rate: 0.3, kind: 'slow', delayMs: SLOW_MS }],
  'time-outs after acceptance': [{ rate: 0.6, kind: 'late', delayMs: TOO_LATE_MS, calls: 'writes' }],
} as const satisfies Readonly<Record<string, readonly HttpFault[]>>;

export type Weather = keyof typeof WEATHERS;
