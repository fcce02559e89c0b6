import type { RequestHandler } from 'express';
import type { Clock, MachineClock } from '../common/clock.js';
import type { RequestContext } from '../common/context.js';
import type { Logger } from '../common/logger.js';
import type { Repositories } from '../db/repositories.js';

/** Tells engines that a session has something new; a hint only (L1). `EngineApi` of src/rpc is one. */
export interface WakeEngine {
  wake(sessionId: string, context: RequestContext): Promise<unknown>;
}

export interface ApiSettings {
  /** Unfinished sessions allowed at a time; 0 = no limit. */
  readonly maxSessions: number;
  /** Seconds since an engine was last seen within which it counts as alive. */
  readonly engineAliveS: number;
  /** Seconds: what an instance without a lead time of its own gets. */
  readonly projectMaintenanceReplyS: number;
  /** Seconds by which the answers to one notice can be deferred, in sum. */
  readonly maxDeferS: number;
  /** As in the catalog, ending in `/v1`; absent: as the client addressed us. */
  readonly publicUrl?: string;
  /** Longest wait for the database in a health check, milliseconds. */
  readonly healthTimeoutMs?: number;
}

/** What handlers are given. */
export interface ApiDeps {
  readonly repositories: Repositories;
  readonly engines: WakeEngine;
  readonly clock: Clock;
  readonly machineClock: MachineClock;
  readonly logger: Logger;
  readonly settings: ApiSettings;
  /** Whether the broker can be reached, as far as this process knows. Absent: not told. */
  readonly brokerUp?: () => boolean;
}

/** What the application as a whole is given. */
export interface AppDeps extends ApiDeps {
  /** Puts an `Identity` into `res.locals.identity` or fails; `keystoneAuth()` of src/keystone-auth-middleware. */
  readonly authenticate: RequestHandler;
}
