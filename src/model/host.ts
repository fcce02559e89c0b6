import type { HostState, HostType } from './states.js';

/** Why a host waits: which constraint, reply or question, since when and until when (v1 §1.4 `blocked`). */
export interface Blocked {
  readonly because: string;
  readonly message: string;
  readonly since: Date;
  readonly until: Date;
}

/** What only an admin can decide, with policy `ask` (v1 §5.4). */
export interface Question {
  /** What happened: `nack`, `silence`, `instance_failed`, `plugin_failed`. */
  readonly event: string;
  readonly message: string;
  readonly since: Date;
  /** After that it counts as `fail`. */
  readonly until: Date;
  /** `continue` was said. */
  readonly answered: boolean;
}

/** Why a host ended without being maintained. */
export interface Lost {
  readonly code: string;
  readonly message: string;
  /** Counts against the failure budget; what an admin gave up does not, nor what was lost before a continuation. */
  readonly counts: boolean;
}

/** A host of a session. Key: (sessionId, hostname). */
export interface SessionHost {
  readonly sessionId: string;
  readonly hostname: string;
  readonly type: HostType;
  /** Runs nova-compute and so must be emptied; true for a controller that is a compute as well. */
  readonly isCompute: boolean;
  readonly state: HostState;
  readonly maintained: boolean;
  /** We disabled its compute service and owe enabling it (L6). */
  readonly disabled: boolean;
  /** Somebody else had disabled it before; left so. */
  readonly disabledBefore: boolean;
  readonly blocked: Blocked | null;
  /** Not part of the session, with the reason; null for hosts that are. */
  readonly excluded: string | null;
  /** An action of the session brought it into the cloud, or took it out for good. */
  readonly scaled: 'added' | 'removed' | null;
  readonly lost: Lost | null;
  readonly question: Question | null;
}
