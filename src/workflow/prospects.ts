import type { InstanceAction, JournalEntry, MoveAction } from '../model/index.js';
import type { Server } from './cloud-port.js';
import type { MoveOtherwise } from './decisions.js';
import { isDown } from './hosts.js';
import { nextWay, type Trouble } from './trouble.js';
import type { SessionView } from './view.js';
import { mustEvacuate, wayOff } from './ways-off.js';

/** What is next for an instance on a host that is being emptied. */
export type Prospect =
  | { readonly underWay: JournalEntry }
  /** Its project has not said yet how it leaves. */
  | { readonly unasked: true }
  | { readonly trouble: Trouble }
  /** The way that failed is given up for another one. */
  | { readonly otherwise: MoveOtherwise }
  /** @property betweenHosts a resize or a migration that we cannot end holds it */
  | { readonly held: string; readonly betweenHosts: boolean }
  /** @property isOver its last move was overtaken by the death of a host, and counts no more */
  | { readonly action: MoveAction; readonly isOver: boolean };

/**
 * @param last the newest attempt to move it off its host
 * @param chosen how its project wants it to leave
 */
export function prospectOf(
  view: SessionView,
  server: Server,
  last: JournalEntry | undefined,
  chosen: InstanceAction | undefined,
): Prospect {
  const host = server.host as string;
  if (last?.state === 'begun') return { underWay: last };
  const isOver = last?.state === 'failed' && isOvertaken(view, server, last);
  if (last?.state === 'failed' && !isOver) {
    // A live migration falls back where the instance's own list says so (v1 §5.3 V8), by no policy's leave.
    const fallsBack = last.intent.action === 'LIVE_MIGRATE' && server.status !== 'ERROR';
    const action = fallsBack ? nextWay(view, last) : undefined;
    if (action === undefined) return { trouble: troubleOf(last, host) };
    return { otherwise: { kind: 'move-otherwise', entry: last, action } };
  }
  if (!isOver && isBetweenHosts(view, server)) return { held: whatEndsIt(view, server), betweenHosts: true };
  if (chosen === undefined) return { unasked: true };
  if (chosen !== 'OWN_ACTION' && isDown(view.cloud, host) && !mustEvacuate(view, server)) {
    return { held: `Host ${host} is down.`, betweenHosts: false };
  }
  const way = wayOff(view, server, chosen);
  return 'stuck' in way ? { trouble: immovable(server, way.stuck) } : { action: way.action, isOver };
}

/** A host died under the move that failed, its source or the target of an evacuation: it is begun anew, from there. */
function isOvertaken(view: SessionView, server: Server, { intent }: JournalEntry): boolean {
  if (!mustEvacuate(view, server) || intent.action === 'OWN_ACTION') return false;
  return intent.action !== 'EVACUATE' || isDown(view.cloud, String(intent.target));
}

/** In a resize or migration that no effect of ours sees to the end. */
export function isBetweenHosts(view: SessionView, { id, status }: Server): boolean {
  if (status !== 'VERIFY_RESIZE' && status !== 'RESIZE') return false;
  return !view.effects.some((effect) => effect.state === 'begun' && effect.subject === id);
}

/** Its own resize is ended by the owner alone (v1 §5.1), and one of our migrations that outlasted all patience by Nova. */
function whatEndsIt(view: SessionView, { id }: Server): string {
  const last = view.effects.findLast(({ kind, subject }) => subject === id && (kind === 'move' || kind === 'settle'));
  return last?.outcome?.underWay === true
    ? `Instance ${id} is still in a migration that did not end in time, and that only Nova can end.`
    : `Instance ${id} waits for its owner to confirm or revert a resize.`;
}

/** No way that is allowed leads off the host, unless the project itself acts (v1 §5.1). */
export function immovable({ id: instanceId, projectId, host }: Server, why: string): Trouble {
  const message = `Instance ${instanceId} cannot be moved off ${host}: ${why}.`;
  const reason = { code: 'immovable', message, instanceId, projectId, ...(host !== null && { host }) };
  return { event: 'immovable', reason, hosts: host === null ? [] : [host] };
}

function troubleOf(entry: JournalEntry, host: string): Trouble {
  const message = String(entry.outcome?.message ?? 'The move did not succeed.');
  const projectId = String(entry.intent.projectId ?? '');
  const reason = { code: 'instance-failed', message, host, instanceId: entry.subject, projectId };
  return { event: 'instance_failed', reason, hosts: [host], entry };
}
