import type { Session } from '../../model/index.js';
import type { SessionContext } from '../context.js';
import { setState } from '../decisions/host-state.js';
import type { Unit } from '../session-writer.js';
import { transition } from '../transition.js';

/**
 * A failed session goes on exactly where it failed: what succeeded stays, what failed is done once more, who refused or
 * kept silent is asked again, hosts that were given back are taken again. The failure budget counts anew.
 */
export async function continueSession(context: SessionContext, unit: Unit, session: Session): Promise<void> {
  const { failedIn } = session;
  if (session.state !== 'MAINTENANCE_FAILED' || failedIn === null || session.aborting !== null) return;
  const { repositories, sessionId } = context;
  await repositories.journal.supersedeFailed(sessionId, undefined, unit.tx);
  await repositories.facts.forget(sessionId, unit.tx);
  for (const notice of await repositories.notices.list(sessionId, unit.tx)) {
    if (!mustBeAskedAgain(notice)) continue;
    await repositories.notices.update(sessionId, notice.noticeId, { outcome: 'cancelled' }, unit.tx);
  }
  for (const host of await repositories.hosts.list(sessionId, unit.tx)) {
    const isGivenBack = host.state === 'emptying' || host.state === 'empty';
    if (isGivenBack) await setState(context, unit, host, 'waiting', 'an admin continues the session');
    const patch = { ...(host.lost !== null && { lost: { ...host.lost, counts: false } }), question: null };
    await repositories.hosts.update(sessionId, host.hostname, patch, unit.tx);
  }
  unit.patchSession({ closed: false });
  transition(unit, session, { to: failedIn, why: 'An admin continues the session.' }, context.adminProjectId);
}

/** Answers to a host's emptying are void once the host was given back; those to the session as a whole stay. */
function mustBeAskedAgain(notice: { readonly outcome: string | null; readonly host: string | null }): boolean {
  if (notice.outcome === 'nack' || notice.outcome === 'silent') return true;
  return notice.host !== null && (notice.outcome === 'ack' || notice.outcome === 'forced');
}
