import type { Session } from '../model/session.js';
import type { SessionState } from '../model/states.js';

/** To admin: a session's state changed, or it came further (v1 §3.4). */
export const SESSION_EVENT = 'maintenance.session';

export type SessionPayload = {
  readonly service: 'fenix';
  readonly state: SessionState;
  readonly session_id: string;
  /** Whole percent. */
  readonly percent_done: number;
  /** The admin project. */
  readonly project_id: string;
};

export interface SessionSource {
  readonly session: Pick<Session, 'sessionId' | 'state' | 'percentDone'>;
  /** Id, never name. */
  readonly adminProjectId: string;
}

export function sessionPayload({ session, adminProjectId }: SessionSource): SessionPayload {
  return {
    service: 'fenix',
    state: session.state,
    session_id: session.sessionId,
    percent_done: session.percentDone,
    project_id: adminProjectId,
  };
}
