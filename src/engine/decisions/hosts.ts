import { FenixError } from '../../common/errors.js';
import type { SessionHost } from '../../model/index.js';
import type { GiveHostBack, JoinHosts, SetHostState, TakeHost, VerifyEmpty } from '../../workflow/decisions.js';
import { discoverHosts } from '../../workflow/discovery.js';
import { disabledReason, isDown } from '../../workflow/hosts.js';
import { serversOn } from '../../workflow/room.js';
import { isStopped } from '../../workflow/stopped.js';
import type { SessionView } from '../../workflow/view.js';
import type { SessionContext } from '../context.js';
import { beginEffect } from '../effects/begin.js';
import { transition } from '../transition.js';
import type { NotYet } from './apply.js';
import { newHost, setState } from './host-state.js';

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

/**
 * Hosts that an admin added join as the cloud shows them; the API has claimed them already.
 * @param pending those of the session's that Nova knows
 */
export async function joinPending(
  session: SessionContext,
  view: SessionView,
  pending: readonly string[],
): Promise<void> {
  const known = new Set(view.hosts.map((host) => host.hostname));
  const { hosts, excluded, kind } = discoverHosts(view, { ironic: await session.cloud.ironicHosts() }, pending);
  const fresh = hosts.filter(({ hostname }) => !known.has(hostname));
  await joinHosts(session, view, { kind, hosts: fresh, excluded });
  const pendingHosts = view.session.pendingHosts.filter((name) => !pending.includes(name));
  await session.writer.commit((unit) => unit.patchSession({ pendingHosts }));
}

/** The duty to enable is written down before the service is disabled (L6), the intent with it (L3). */
export async function takeHost(session: SessionContext, view: SessionView, { host }: TakeHost): Promise<void> {
  const known = hostOf(view, host);
  // Also if an earlier session of ours left it disabled: the reason is to name this one.
  const mustDisable = known.isCompute && !known.disabledBefore;
  const started = await session.writer.commit(async (unit) => {
    await setState(session, unit, known, 'emptying', 'its turn has come');
    if (!mustDisable) return undefined;
    await session.repositories.hosts.update(session.sessionId, host, { disabled: true }, unit.tx);
    const intent = { disable: { reason: disabledReason(session.sessionId) } };
    return beginEffect(session, unit, { kind: 'service', subject: host, host, action: 'disable', intent });
  });
  if (started !== undefined) session.effects.start(started);
}

export async function giveHostBack(session: SessionContext, { host }: GiveHostBack): Promise<void> {
  const { repositories, sessionId } = session;
  const started = await session.writer.commit(async (unit) => {
    // It may have been enabled while what the decision was made from was still being read.
    const known = (await repositories.hosts.list(sessionId, unit.tx)).find(({ hostname }) => hostname === host);
    if (known?.disabled !== true) return undefined;
    const intent = { disable: null };
    return beginEffect(session, unit, { kind: 'service', subject: host, host, action: 'enable', intent });
  });
  if (started !== undefined) session.effects.start(started);
}

/** An action on the host began and did not succeed: it stays disabled, and its disabled_reason says why (v1 §5.4). */
export async function tellWhyDisabled(session: SessionContext, host: string, reason: string): Promise<void> {
  const intent = { disable: { reason } };
  const started = await session.writer.commit((unit) =>
    beginEffect(session, unit, { kind: 'service', subject: host, host, action: 'disable', intent }),
  );
  session.effects.start(started);
}

/**
 * Nothing of anybody may be left on the host: servers, allocations, unfinished migrations (v1 §5.1). On one that is down
 * Nova keeps the allocations of evacuated instances until it comes back: they hold nothing there. Instances that were
 * stopped under `stop_while_out` are the one exception.
 */
export async function verifyEmpty(
  session: SessionContext,
  view: SessionView,
  { host, staying = [] }: VerifyEmpty,
): Promise<NotYet | undefined> {
  const found = await session.cloud.occupants(host);
  const stopped = serversOn(view, host).filter((server) => isStopped(view, server));
  const excepted = new Set([...stopped.map(({ id }) => id), ...staying]);
  const stale = isDown(view.cloud, host) && found.allocations.length > 0 ? await session.cloud.evacuatedFrom(host) : [];
  const occupants = {
    servers: found.servers.filter((id) => !excepted.has(id)),
    allocations: found.allocations.filter((id) => !stale.includes(id) && !excepted.has(id)),
    migrations: found.migrations,
  };
  const left = Object.entries(occupants).flatMap(([what, ids]) =>
    ids.length > 0 ? [`${what} ${ids.join(', ')}`] : [],
  );
  if (left.length > 0) return { for: 'not-empty', message: `Host ${host} is not empty yet: ${left.join('; ')}.` };
  if (staying.length > 0) return undefined;
  await session.writer.commit((unit) => setState(session, unit, hostOf(view, host), 'empty', 'verified empty'));
  return undefined;
}

export async function setHostState(session: SessionContext, view: SessionView, decision: SetHostState): Promise<void> {
  const { host, state, why } = decision;
  await session.writer.commit((unit) => setState(session, unit, hostOf(view, host), state, why));
}

/** @throws FenixError `unknown-host` */
export function hostOf(view: SessionView, hostname: string): SessionHost {
  const found = view.hosts.find((host) => host.hostname === hostname);
  if (found === undefined)
    throw new FenixError('terminal', 'unknown-host', `Host ${hostname} is not part of the session.`);
  return found;
}
