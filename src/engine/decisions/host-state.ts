import { FenixError } from '../../common/errors.js';
import { HOST_TRANSITIONS, type HostState, type SessionHost } from '../../model/index.js';
import { HOST_EVENT, type HostEventState, hostPayload } from '../../notifications/host.js';
import type { SessionContext } from '../context.js';
import type { Unit } from '../session-writer.js';
import { tellAdmin } from '../transition.js';

/** What the admin is told when a host comes into a state (v1 §3.3). */
const EVENTS: Partial<Record<HostState, HostEventState>> = {
  in_maintenance: 'IN_MAINTENANCE',
  done: 'MAINTENANCE_COMPLETE',
};

/**
 * Moves a host along its table of states; history, maintenance.host and progress commit with it (L4).
 * @throws FenixError `transition-forbidden`
 */
export async function setState(
  context: SessionContext,
  unit: Unit,
  host: SessionHost,
  state: HostState,
  why: string,
): Promise<void> {
  const { repositories, sessionId, adminProjectId } = context;
  const { hostname } = host;
  if (!HOST_TRANSITIONS[host.state].includes(state)) {
    const message = `Host ${hostname} cannot go from ${host.state} to ${state} (${why}).`;
    throw new FenixError('terminal', 'transition-forbidden', message);
  }
  const maintained = state === 'done';
  await repositories.hosts.update(sessionId, hostname, { state, maintained, blocked: null }, unit.tx);
  unit.tell('host', { host: hostname, from: host.state, to: state, why });
  const told = EVENTS[state];
  if (told !== undefined) unit.notify(HOST_EVENT, hostPayload({ sessionId, hostname, state: told, adminProjectId }));
  await tellProgress(context, unit);
}

/** Percentage by hosts that are maintained or skipped; 100 only with MAINTENANCE_DONE (v1 §1.4). */
export async function tellProgress(
  { repositories, sessionId, adminProjectId }: SessionContext,
  unit: Unit,
): Promise<void> {
  const all = (await repositories.hosts.list(sessionId, unit.tx)).filter((host) => host.excluded === null);
  const finished = all.filter((host) => host.maintained || host.state === 'skipped').length;
  const percentDone = Math.min(99, Math.floor((100 * finished) / all.length));
  const session = await repositories.sessions.getEvenDeleted(sessionId, unit.tx);
  if (session === undefined || percentDone <= session.percentDone) return;
  unit.patchSession({ percentDone });
  tellAdmin(unit, { ...session, percentDone }, adminProjectId);
}

/** A host as it joins a session. */
export function newHost(
  host: Partial<SessionHost> & Pick<SessionHost, 'sessionId' | 'hostname' | 'type' | 'isCompute'>,
): SessionHost {
  return {
    state: 'waiting',
    maintained: false,
    disabled: false,
    disabledBefore: false,
    blocked: null,
    excluded: null,
    scaled: null,
    lost: null,
    question: null,
    ...host,
  };
}
