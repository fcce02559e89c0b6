import { type InstanceAction, type MoveAction, policyFor } from '../model/index.js';
import type { Server } from './cloud-port.js';
import { CAME_BACK } from './cold-migration.js';
import { downHostsPolicy } from './down-hosts.js';
import { groupIdOf, groupOf } from './groups.js';
import { computeServicesIn, isDown } from './hosts.js';
import { finalFacts, NOT_PROVEN, serversOn } from './room.js';
import { isStopped } from './stopped.js';
import type { SessionView } from './view.js';

/** Statuses from which Nova refuses to move a server in that way, whatever the target. */
const NOT_FROM: Readonly<Record<string, ReadonlySet<string>>> = {
  MIGRATE: new Set(['ERROR', 'PAUSED', 'SUSPENDED', 'RESCUE']),
  LIVE_MIGRATE: new Set(['ERROR', 'SUSPENDED', 'RESCUE']),
  EVACUATE: new Set(['PAUSED', 'SUSPENDED', 'RESCUE']),
};
/** What Nova stops, or is stopped. */
const CAN_BE_OFF = new Set(['ACTIVE', 'ERROR', 'SHUTOFF']);

/** How an instance leaves its host, or that no way that is allowed leads off it, with the reason (v1 §5.1). */
export type WayOff = { readonly action: MoveAction } | { readonly stuck: string };

/** What the chosen action means for an instance where it is now, and under the policies of its project. */
export function wayOff(view: SessionView, server: Server, chosen: InstanceAction): WayOff {
  if (chosen === 'OWN_ACTION') return { action: chosen };
  const action = mustEvacuate(view, server) ? 'EVACUATE' : chosen;
  const why = noWay(view, server, action);
  if (why === undefined) return { action };
  if (!mayStop(view, server)) return { stuck: why };
  const but = cannotStop(view, server);
  return but === undefined ? { action: 'STOP_START' } : { stuck: `${why}, and it cannot be stopped, since ${but}` };
}

/** Its host is down, and the admin's policy has such hosts emptied. */
export function mustEvacuate(view: SessionView, { host }: Server): boolean {
  return host !== null && isDown(view.cloud, host) && downHostsPolicy(view) === 'evacuate';
}

/** Whether a plan has to find a host for it: not if it is to stay, or could go by its project's own doing alone. */
export function needsTarget(view: SessionView, server: Server): boolean {
  if (isStopped(view, server)) return false;
  const ways = mustEvacuate(view, server) ? (['EVACUATE'] as const) : (['MIGRATE', 'LIVE_MIGRATE'] as const);
  return ways.some((way) => noWay(view, server, way) === undefined);
}

function noWay(view: SessionView, server: Server, action: MoveAction): string | undefined {
  const { id, status, zone } = server;
  if (view.constraints.instance(id)?.migrationTypes[0] === 'NO_MIGRATION') return 'its constraints say NO_MIGRATION';
  if (NOT_FROM[action]?.has(status) === true) {
    return `Nova ${action === 'EVACUATE' ? 'evacuates' : 'moves'} nothing that is in ${status}`;
  }
  if (isAloneInZone(view, server)) return `its zone ${zone} has no other compute host`;
  // Who took it and gave it back has not refused it: then the move has failed (v1 §5.4).
  const refused = finalFacts(view).filter(
    ({ instanceId, code }) => instanceId === id && code !== NOT_PROVEN && code !== CAME_BACK,
  );
  const isPinned = computeServicesIn(view.cloud, zone).every(
    ({ host }) => host === server.host || refused.some((fact) => fact.host === host),
  );
  return isPinned ? 'every other host of its zone refused it' : undefined;
}

/** Nobody could take it, whatever its project does. */
export function isAloneInZone({ cloud }: SessionView, { host, zone }: Server): boolean {
  return computeServicesIn(cloud, zone).every((service) => service.host === host);
}

/** Not where its host is to leave the cloud: it would never be started again. */
function mayStop({ session, settings, retiring }: SessionView, { projectId, host }: Server): boolean {
  if (host !== null && retiring.has(host)) return false;
  return policyFor('immovable', session.policy, settings.policy, projectId) === 'stop_while_out';
}

function cannotStop(view: SessionView, server: Server): string | undefined {
  const { host, status } = server;
  if (host === null || isDown(view.cloud, host)) return 'its host is down';
  if (!CAN_BE_OFF.has(status)) return `Nova stops nothing that is in ${status}`;
  const last = view.effects.findLast(({ kind, subject }) => kind === 'move' && subject === server.id);
  if (last?.state === 'refused' && last.intent.action === 'STOP_START' && last.outcome?.otherWay !== true) {
    return `Nova refused to: ${last.outcome?.message}`;
  }
  // All that stay are stopped together, so their group has to bear that at its best.
  const { groupId, maxImpacted } = groupOf(view, server);
  const staying = serversOn(view, host).filter(
    (other) =>
      other.status !== 'SHUTOFF' &&
      groupIdOf(view, other) === groupId &&
      mayStop(view, other) &&
      !needsTarget(view, other),
  );
  if (staying.length <= maxImpacted || status === 'SHUTOFF') return undefined;
  return `of its group ${staying.length} would be stopped at once, and ${maxImpacted} may be impacted`;
}
