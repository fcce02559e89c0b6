import type { HostState, HostType } from './states.js';

/** Why a host waits: which constraint, reply or question, since when and until when (v1 §1.4 `blocked`). */
export interface Blocked {
  readonly because: string;
  readonly message: string;
  readonly since: Date;
  readonly until: Date;
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
}
