import { FenixError } from '../../common/errors.js';
import { HOST_TRANSITIONS, type SessionHost } from '../../model/index.js';
import { HOST_EVENT, type HostEventState, hostPayload } from '../../notifications/host.js';
import type { GiveHostBack, JoinHosts, SetHostState, TakeHost, VerifyEmpty } from '../../workflow/decisions.js';
import { disabledReason } from '../../workflow/hosts.js';
import type { SessionView } from '../../workflow/view.js';
import type { SessionContext } from '../context.js';
import { beginEffect } from '../effects/begin.js';
import type { Unit } from '../session-writer.js';
import { tellAdmin, transition } from '../transition.js';
import type { NotYet } from './apply.js';

export async function joinHosts(session: SessionContext, view: SessionView, decision: JoinHosts): Promise<void> {
  const { repositories, sessionId, adminProjectId } = session;
  await session.writer.commit(async (unit) => {
    const names = decision.hosts.map(({ hostname }) => hostname);
    const claim = await repositories.claims.claim(sessionId, names, unit.tx);
    if (!claim.claimed) {
      const message = `Host ${claim.hostname} belongs to session ${claim.by}.`;
      const reason = { code: 'host-claimed', message, host: claim.hostname };
      transition(unit, view.session, { to: 'MAINTENANCE_FAILED', why: message, reason }, adminProjectId);
      return;
    }
    const joined = decision.hosts.map(({ inherited, ...host }) => newHost({ ...host, sessionId, disabled: inherited }));
    const excluded = decision.excluded.map(({ hostname, reason }) =>
      newHost({ sessionId, hostname, type: 'compute', isCompute: true, excluded: reason }),
    );
    await repositories.hosts.add([...joined, ...excluded], unit.tx);
    unit.tell('hosts-joined', { hosts: names, excluded: decision.excluded });
  });
}

/** The duty to enable is written down before the service is disabled (L6), the intent with it (L3). */
export async function takeHost(session: SessionContext, view: SessionView, { host }: TakeHost): Promise<void> {
  const known = hostOf(view, host);
  // Also if an earlier session of ours left it disabled: the reason is to name this one.
  const mustDisable = known.isCompute && !known.disabledBefore;
  const started = await session.writer.commit(async (unit) => {
    await setState(session, unit, view, { host, state: 'emptying', why: 'its turn has come' });
    if (!mustDisable) return undefined;
    await session.repositories.hosts.update(session.sessionId, host, { disabled: true }, unit.tx);
    const intent = { disable: { reason: disabledReason(session.sessionId) } };
    return beginEffect(session, unit, { kind: 'service', subject: host, host, action: 'disable', intent });
  });
  if (started !== undefined) session.effects.start(started);
}

export async function giveHostBack(session: SessionContext, { host }: GiveHostBack): Promise<void> {
  const started = await session.writer.commit((unit) =>
    beginEffect(session, unit, { kind: 'service', subject: host, host, action: 'enable', intent: { disable: null } }),
  );
  session.effects.start(started);
}

/** An action on the host began and did not succeed: it stays disabled, and its disabled_reason says why (v1 §5.1, §5.4). */
export async function failHost(session: SessionContext, known: SessionHost, why: string): Promise<void> {
  const { repositories, sessionId } = session;
  const { hostname: host, state: from, disabled } = known;
  const started = await session.writer.commit(async (unit) => {
    await repositories.hosts.update(sessionId, host, { state: 'failed' }, unit.tx);
    unit.tell('host', { host, from, to: 'failed', why });
    if (!disabled) return undefined;
    const intent = { disable: { reason: disabledReason(sessionId, why) } };
    return beginEffect(session, unit, { kind: 'service', subject: host, host, action: 'disable', intent });
  });
  if (started !== undefined) session.effects.start(started);
}

/** Nothing of anybody may be left on the host: servers, allocations, unfinished migrations (v1 §5.1). */
export async function verifyEmpty(
  session: SessionContext,
  view: SessionView,
  { host }: VerifyEmpty,
): Promise<NotYet | undefined> {
  const occupants = await session.cloud.occupants(host);
  const left = Object.entries(occupants).flatMap(([what, ids]) =>
    ids.length > 0 ? [`${what} ${ids.join(', ')}`] : [],
  );
  if (left.length > 0) return { for: 'not-empty', message: `Host ${host} is not empty yet: ${left.join('; ')}.` };
  await session.writer.commit((unit) => setState(session, unit, view, { host, state: 'empty', why: 'verified empty' }));
  return undefined;
}

export async function setHostState(session: SessionContext, view: SessionView, decision: SetHostState): Promise<void> {
  await session.writer.commit((unit) => setState(session, unit, view, decision));
}

async function setState(
  session: SessionContext,
  unit: Unit,
  view: SessionView,
  { host, state, why }: Omit<SetHostState, 'kind'>,
): Promise<void> {
  const { repositories, sessionId, adminProjectId } = session;
  const known = hostOf(view, host);
  if (!HOST_TRANSITIONS[known.state].includes(state)) {
    const message = `Host ${host} cannot go from ${known.state} to ${state} (${why}).`;
    throw new FenixError('terminal', 'transition-forbidden', message);
  }
  const maintained = state === 'done';
  await repositories.hosts.update(sessionId, host, { state, maintained, blocked: null }, unit.tx);
  unit.tell('host', { host, from: known.state, to: state, why });
  const event: Partial<Record<typeof state, HostEventState>> = {
    in_maintenance: 'IN_MAINTENANCE',
    done: 'MAINTENANCE_COMPLETE',
  };
  const told = event[state];
  if (told !== undefined)
    unit.notify(HOST_EVENT, hostPayload({ sessionId, hostname: host, state: told, adminProjectId }));
  await tellProgress(session, unit, view);
}

/** Percentage by hosts that are maintained or skipped; 100 only with MAINTENANCE_DONE (v1 §1.4). */
async function tellProgress(session: SessionContext, unit: Unit, view: SessionView): Promise<void> {
  const all = (await session.repositories.hosts.list(session.sessionId, unit.tx)).filter(
    (host) => host.excluded === null,
  );
  const finished = all.filter((host) => host.maintained || host.state === 'skipped').length;
  const percentDone = Math.min(99, Math.floor((100 * finished) / all.length));
  if (percentDone <= view.session.percentDone) return;
  unit.patchSession({ percentDone });
  tellAdmin(unit, { ...view.session, percentDone }, session.adminProjectId);
}

function hostOf(view: SessionView, hostname: string): SessionHost {
  const found = view.hosts.find((host) => host.hostname === hostname);
  if (found === undefined)
    throw new FenixError('terminal', 'unknown-host', `Host ${hostname} is not part of the session.`);
  return found;
}

function newHost(
  host: Partial<SessionHost> & Pick<SessionHost, 'sessionId' | 'hostname' | 'type' | 'isCompute'>,
): SessionHost {
  return {
    state: 'waiting',
    maintained: false,
    disabled: false,
    disabledBefore: false,
    blocked: null,
    excluded: null,
    ...host,
  };
}
