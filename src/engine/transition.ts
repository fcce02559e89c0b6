import { FenixError } from '../common/errors.js';
import { mayFollowDerived, SESSION_TRANSITIONS, type Session, type SessionState } from '../model/index.js';
import { SESSION_EVENT, sessionPayload } from '../notifications/session.js';
import type { GoTo } from '../workflow/decisions.js';
import type { Unit } from './session-writer.js';

/**
 * Moves a session along its table of states: state, history and maintenance.session commit together (L4).
 * @throws FenixError `transition-forbidden` when the table does not allow it
 */
export function transition(unit: Unit, session: Session, step: GoTo, adminProjectId: string): void {
  const { to, why, reason } = step;
  const isAllowed = SESSION_TRANSITIONS[session.state].includes(to);
  if (!isAllowed && !(step.derived === true && mayFollowDerived(session.state, to))) {
    const message = `A session in ${session.state} cannot go to ${to} (${why}).`;
    throw new FenixError('terminal', 'transition-forbidden', message);
  }
  const percentDone = to === 'MAINTENANCE_DONE' ? 100 : session.percentDone;
  unit.patchSession({
    state: to,
    stateSince: unit.now,
    prevState: session.state,
    failedIn: to === 'MAINTENANCE_FAILED' ? session.state : null,
    reason: reason === undefined ? null : { ...reason, at: unit.now },
    waiting: null,
    percentDone,
  });
  unit.tell('state', { from: session.state, to, why, ...(reason && { reason }) });
  tellAdmin(unit, { ...session, state: to, percentDone }, adminProjectId);
}

/** maintenance.session: the state changed or the percentage grew. */
export function tellAdmin(
  unit: Unit,
  session: { readonly sessionId: string; readonly state: SessionState; readonly percentDone: number },
  adminProjectId: string,
): void {
  unit.notify(SESSION_EVENT, sessionPayload({ session, adminProjectId }));
}
