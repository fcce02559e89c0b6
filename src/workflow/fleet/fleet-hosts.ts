import { NO_RESOURCES, type SessionHost, subtractResources } from '../../model/index.js';
import type { FleetHost, FleetInstance } from '../../planner/fleet.js';
import { freeRoom } from '../../planner/rules.js';
import { isOwedBack } from '../giving-back.js';
import { isDown, zoneOf } from '../hosts.js';
import { mayReceive } from '../room.js';
import type { SessionView } from '../view.js';
import { setsOf, zoneSet } from './fleet-limits.js';
import type { FleetIndex } from './index-of-view.js';

/** What only the session knows of a host. */
type Known = Pick<FleetHost, 'state' | 'isCompute' | 'receives' | 'instances' | 'actionS' | 'since' | 'leaves'> &
  Partial<Pick<FleetHost, 'sets'>>;

/**
 * A host of the session; one that is through gives its room only when it is enabled again. @param isHeld nothing is done about it until somebody has decided something
 */
export function sessionHost(
  view: SessionView,
  index: FleetIndex,
  host: SessionHost,
  instances: readonly FleetInstance[],
  actionS: number,
  isHeld: boolean,
): FleetHost {
  const { hostname, isCompute, state, disabledBefore } = host;
  const isAtWork = state === 'emptying' || state === 'empty' || state === 'in_maintenance';
  return fleetHost(view, index, hostname, {
    state: stateOf(host, isHeld),
    isCompute,
    receives: !isHeld && isCompute && !isAtWork && !disabledBefore && mayReceive(view, hostname),
    instances: isHeld ? [] : instances,
    actionS,
    since: sinceOf(view, host),
    sets: setsOf(view, host),
    ...(view.retiring.has(hostname) && { leaves: true }),
  });
}

function stateOf(host: SessionHost, isHeld: boolean): FleetHost['state'] {
  const { state, isCompute } = host;
  if (isHeld || state === 'failed' || state === 'skipped') return 'lost';
  if (isOwedBack(host)) return 'in_maintenance';
  // One that holds nothing anyway is no further than one that waits.
  return state === 'empty' && !isCompute ? 'waiting' : state;
}

/** Any other compute of the cloud. */
export function outsideHost(view: SessionView, index: FleetIndex, hostname: string): FleetHost {
  return fleetHost(view, index, hostname, {
    state: 'outside',
    isCompute: true,
    receives: mayReceive(view, hostname),
    instances: [],
    actionS: 0,
    since: 0,
  });
}

function fleetHost(view: SessionView, index: FleetIndex, host: string, known: Known): FleetHost {
  const capacity = index.capacityOf(host) ?? NO_RESOURCES;
  const zone = zoneOf(view.cloud, host);
  return {
    host,
    zone,
    sets: [zoneSet(zone)],
    capacity,
    free: subtractResources(
      freeRoom(host, capacity, index.serversOn(host), index.impactsAt(host), view.cloud.at),
      index.heldByOthers(host),
    ),
    down: isDown(view.cloud, host),
    members: membersOn(index, host),
    ...known,
  };
}

/** Members of limited groups that are there, on their way there or have not left yet (V4). */
function membersOn(index: FleetIndex, host: string): Record<string, number> {
  const ids = new Set(index.serversOn(host).map(({ id }) => id));
  for (const { instanceId, endedAt } of index.impactsAt(host)) if (endedAt === null) ids.add(instanceId);
  const members: Record<string, number> = {};
  for (const id of ids) {
    const server = index.server(id);
    const group = server && index.groupOf(server);
    if (group !== undefined && group.maxPerHost > 0) members[group.groupId] = (members[group.groupId] ?? 0) + 1;
  }
  return members;
}

/** Of a host whose actions run, when they began; else unknown, so now. */
function sinceOf(view: SessionView, { hostname, state }: SessionHost): number {
  if (state !== 'in_maintenance') return view.now.getTime() / 1000;
  const begun = view.effects
    .filter(({ kind, subject }) => kind === 'plugin' && subject === hostname)
    .map(({ intent }) => Date.parse(String(intent.begunAt)));
  return Math.min(view.now.getTime(), ...begun) / 1000;
}
