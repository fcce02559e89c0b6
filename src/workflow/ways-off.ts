import type { InstanceAction, MoveAction } from '../model/index.js';
import type { Server } from './cloud-port.js';
import { downHostsPolicy } from './down-hosts.js';
import { isDown } from './hosts.js';
import type { SessionView } from './view.js';

/** Statuses from which Nova refuses to move a server in that way, whatever the target. */
const NOT_FROM: Readonly<Partial<Record<MoveAction, ReadonlySet<string>>>> = {
  MIGRATE: new Set(['ERROR', 'PAUSED', 'SUSPENDED', 'RESCUE']),
  LIVE_MIGRATE: new Set(['ERROR', 'SUSPENDED', 'RESCUE']),
  EVACUATE: new Set(['PAUSED', 'SUSPENDED', 'RESCUE']),
};

/** What the chosen action means for an instance where it is now (v1 §5.1). */
export function meantBy(view: SessionView, server: Server, chosen: InstanceAction): MoveAction {
  return chosen !== 'OWN_ACTION' && mustEvacuate(view, server) ? 'EVACUATE' : chosen;
}

/** Its host is down, and the admin's policy has such hosts emptied. */
export function mustEvacuate(view: SessionView, { host }: Server): boolean {
  return host !== null && isDown(view.cloud, host) && downHostsPolicy(view) === 'evacuate';
}

/** Why that way does not lead off the host, wherever to; undefined where it may. */
export function noWay(view: SessionView, { id, status }: Server, action: MoveAction): string | undefined {
  if (action === 'OWN_ACTION') return undefined;
  if (view.constraints.instance(id)?.migrationTypes[0] === 'NO_MIGRATION') return 'its constraints say NO_MIGRATION';
  if (NOT_FROM[action]?.has(status) !== true) return undefined;
  return `Nova ${action === 'EVACUATE' ? 'evacuates' : 'moves'} nothing that is in ${status}`;
}
