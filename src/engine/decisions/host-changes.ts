import { HOST_EVENT, type HostEventState, hostPayload } from '../../notifications/host.js';
import type { HostChange } from '../../workflow/contract.js';
import type { SessionContext } from '../context.js';
import type { Unit } from '../session-writer.js';
import { newHost, setState, tellProgress } from './host-state.js';

/** What a run of an action did to the cloud's hosts becomes part of the session, with its notifications (v1 §3.3, §6.1). */
export async function commitHostChanges(
  session: SessionContext,
  unit: Unit,
  hostname: string,
  changes: readonly HostChange[],
): Promise<void> {
  for (const change of changes) {
    if (change.kind === 'added') await add(session, unit, change.host, change.enabled);
    else await remove(session, unit, hostname);
  }
}

/** A host that another session has is left to it: it was added to the cloud all the same. */
async function add(session: SessionContext, unit: Unit, hostname: string, enabled: boolean): Promise<void> {
  const { repositories, sessionId } = session;
  const claim = await repositories.claims.claim(sessionId, [hostname], unit.tx);
  if (claim.claimed) await join(session, unit, hostname, enabled);
  unit.tell('host-added', { host: hostname, ...(!claim.claimed && { claimedBy: claim.by }) });
  notify(session, unit, hostname, 'HOST_ADDED');
  await tellProgress(session, unit);
}

/** As maintained. One that was discovered before it was added has nothing to be done about it any more. */
async function join({ repositories, sessionId }: SessionContext, unit: Unit, hostname: string, enabled: boolean) {
  const known = (await repositories.hosts.list(sessionId, unit.tx)).find((host) => host.hostname === hostname);
  const as = { state: 'done', maintained: true, disabledBefore: !enabled, scaled: 'added' } as const;
  if (known === undefined) {
    const host = newHost({ sessionId, hostname, type: 'compute', isCompute: true, ...as });
    await repositories.hosts.add([host], unit.tx);
  } else if (known.state === 'waiting') {
    await repositories.hosts.update(sessionId, hostname, { ...as, excluded: null, blocked: null }, unit.tx);
  }
}

async function remove(session: SessionContext, unit: Unit, hostname: string): Promise<void> {
  const { repositories, sessionId } = session;
  const host = (await repositories.hosts.list(sessionId, unit.tx)).find((one) => one.hostname === hostname);
  if (host === undefined) return;
  await setState(session, unit, host, 'done', 'it has left the cloud');
  const gone = { disabled: false, scaled: 'removed', lost: null, question: null } as const;
  await repositories.hosts.update(sessionId, hostname, gone, unit.tx);
  unit.tell('host-removed', { host: hostname });
  notify(session, unit, hostname, 'HOST_REMOVED');
}

function notify({ sessionId, adminProjectId }: SessionContext, unit: Unit, hostname: string, state: HostEventState) {
  unit.notify(HOST_EVENT, hostPayload({ sessionId, hostname, state, adminProjectId }));
}
