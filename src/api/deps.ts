import type { RequestHandler } from 'express';
import type { Clock, MachineClock } from '../common/clock.js';
import type { RequestContext } from '../common/context.js';
import type { Logger } from '../common/logger.js';
import type { Repositories } from '../db/repositories.js';
import type { DownloadRules } from '../downloads/request.js';
import type { PolicyEnforcer } from '../policy/index.js';
import type { FeedSettings } from './events/feed.js';
import type { CorsSettings } from './middleware/cross-origin.js';
import type { LimitKind } from './rate-limits.js';

/** Tells engines that sessions have something new; a hint only (L1). `EngineApi` of src/rpc is one. */
export interface WakeEngine {
  wake(sessionId: string, context: RequestContext): Promise<unknown>;
  /** Of what several requests have done. */
  wakeAll(sessionIds: readonly string[]): Promise<unknown>;
}

export interface ApiSettings {
  /** Requests of one project a minute. */
  readonly rateLimits: Readonly<Record<LimitKind, number>>;
  /** Milliseconds between the beginnings of two transactions for replies; 0 = no pause. */
  readonly replyPaceMs: number;
  /** The same between two looks at the state of sessions, and at instances of projects. */
  readonly readPaceMs: number;
  readonly maxBodyBytes: number;
  readonly cors: CorsSettings;
  /** Whether a proxy in front of us writes X-Forwarded-… . */
  readonly behindProxy: boolean;
  readonly health: HealthSettings;
  readonly events: FeedSettings;
  /** Seconds that the answer to a request with an idempotency key is remembered for. */
  readonly idempotencyKeyLifeS: number;
  /** Unfinished sessions allowed at a time; 0 = no limit. */
  readonly maxSessions: number;
  /** Seconds since an engine was last seen within which it counts as alive. */
  readonly engineAliveS: number;
  /** Seconds: what an instance without a lead time of its own gets. */
  readonly projectMaintenanceReplyS: number;
  /** Seconds by which the answers to one notice can be deferred, in sum. */
  readonly maxDeferS: number;
  /** What may be downloaded. */
  readonly downloads: DownloadRules;
  /** As in the catalog, ending in `/v1`; absent: as the client addressed us. */
  readonly publicUrl?: string;
}

export interface HealthSettings {
  /** Tell everybody everything. */
  readonly detailed: boolean;
  /** While it is there we are not well. */
  readonly disableByFilePath?: string;
  /** Longest wait for the database, milliseconds. */
  readonly timeoutMs: number;
}

/** What handlers are given. */
export interface ApiDeps {
  readonly repositories: Repositories;
  readonly engines: WakeEngine;
  readonly clock: Clock;
  readonly machineClock: MachineClock;
  readonly logger: Logger;
  readonly settings: ApiSettings;
  /** Aborts when the process is told to stop: answers without an end are ended then. */
  readonly stopping?: AbortSignal;
  /** Whether the broker can be reached, as far as this process knows. Absent: not told. */
  readonly brokerUp?: () => boolean;
}

/** What the application as a whole is given. */
export interface AppDeps extends ApiDeps {
  /** Puts an `Identity` into `res.locals.identity` or fails; `keystoneAuth()` of src/keystone-auth-middleware. */
  readonly authenticate: RequestHandler;
  /** Says who may do what; made of `DEFAULT_RULES`. */
  readonly policy: Pick<PolicyEnforcer, 'allows'>;
}
