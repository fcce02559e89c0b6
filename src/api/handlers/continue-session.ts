import { isUnfinished, type Session, type SessionState } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';
import { impossible } from '../errors.js';
import type { Prospect } from '../prospect.js';
import type { ApiRequest } from '../request.js';
import { continueShape } from '../schemas/continue.js';
import { claimHosts } from './claim-hosts.js';
import { insertCommand, lockedSession } from './control.js';
import { sessionIdOf } from './session-id.js';

/**
 * PUT /v1/maintenance/{sid}: a failed session goes on exactly where it failed (v1 §1.2). It held no claims meanwhile,
 * so its hosts are claimed again in the same transaction.
 */
export async function continueSession(deps: ApiDeps, request: ApiRequest): Promise<object> {
  const sessionId = sessionIdOf(request);
  const { state: wanted } = continueShape(request.body({}));
  const { database } = deps.repositories;
  const state = await database.transaction(async (tx) => {
    const { session, prospect } = await lockedSession(deps, sessionId, tx);
    const goesOnIn = resumptionOf(session, prospect, wanted);
    // A second PUT before the owner took up the first one asks for what is so already.
    if (isUnfinished(prospect.state)) return goesOnIn;
    await claimHosts(deps.repositories, sessionId, hostsLeft(session, prospect), tx);
    await insertCommand(deps, request, session, 'continue-session', {}, tx);
    return goesOnIn;
  });
  request.log.info({ session_id: sessionId, state }, 'session continues');
  void deps.engines.wake(sessionId, request.context).catch(() => {});
  return { session_id: sessionId, state };
}

/** @throws Refusal 422 unless the session failed, was not aborted, and failed in the state that is named */
function resumptionOf({ state, failedIn }: Session, { aborted }: Prospect, wanted: string | undefined): SessionState {
  if (state !== 'MAINTENANCE_FAILED' || failedIn === null) {
    throw impossible('not-resumable', 'state', `Only a failed session can be resumed; this one is in ${state}.`);
  }
  if (aborted) throw impossible('not-resumable', 'state', 'This session was aborted and cannot be resumed.');
  if (wanted !== undefined && wanted !== failedIn) {
    throw impossible('not-resumable', 'state', `This session failed in ${failedIn}, not in ${wanted}.`);
  }
  return failedIn;
}

/** Hosts that are still to be maintained; before discovery those that were given. */
function hostsLeft(session: Session, { hosts, pendingHosts }: Prospect): string[] {
  const known = hosts.filter(({ state }) => state !== 'done' && state !== 'skipped').map(({ hostname }) => hostname);
  return [...(hosts.length === 0 ? session.hosts : known), ...pendingHosts];
}
