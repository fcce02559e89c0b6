import { addResources, fitsIn, isThrough, type Resources, type SessionHost } from '../model/index.js';
import { freeRoom } from '../planner/rules.js';
import type { Decision, Step } from './decisions.js';
import { zoneOf } from './hosts.js';
import { mayReceive, serversOn } from './room.js';
import type { SessionView } from './view.js';
import { deadline } from './waits.js';

/** Compute services that are changed at once. */
const AT_ONCE = 20;

/**
 * `steer_new: disable_waiting` (v1 §5.1): once a host is maintained, those that still wait are disabled as well, so that
 * new instances land on maintained hosts. In a zone whose enabled hosts get tight they are enabled again: nobody is to
 * be refused an instance for our sake. It is begun with room for two of each size and kept up with room for one.
 * @returns undefined while everything is as it should be
 */
export function steer(view: SessionView): Step | undefined {
  const decisions: Decision[] = [];
  for (const [zone, hosts] of waitingByZone(view)) {
    const open = hosts.filter((host) => !host.disabled && !host.disabledBefore);
    const closed = hosts.filter((host) => host.disabled && isSteered(view, host));
    if (closed.length > 0 && !hasRoom(view, zone, 1)) {
      decisions.push(...closed.map(({ hostname }): Decision => ({ kind: 'stop-steering', host: hostname })));
    } else if (open.length > 0 && hasRoom(view, zone, 2)) {
      decisions.push(...open.map(({ hostname }): Decision => ({ kind: 'steer-away', host: hostname })));
    }
  }
  return decisions.length === 0 ? undefined : { do: decisions.slice(0, AT_ONCE) };
}

/** Whether the session's policy, or the cloud's, wants new instances kept off hosts that wait. */
export function isSteering({ session, settings }: SessionView): boolean {
  return (session.policy.steer_new ?? settings.policy.steer_new) === 'disable_waiting';
}

/** Whether the host waits and its service is being changed. */
export function isBeingSteered(view: SessionView, { hostname, state }: SessionHost): boolean {
  return state === 'waiting' && lastChange(view, hostname)?.state === 'begun';
}

/** No host is taken while its service is being changed: what is asked last must hold. */
export function steeringUnderWay(view: SessionView): Step | undefined {
  const host = view.hosts.find((one) => isBeingSteered(view, one));
  if (host === undefined) return undefined;
  const message = `Waiting for the compute service of ${host.hostname} to be changed.`;
  return { wait: { for: 'service', message, until: deadline(view, 'service', view.settings.blockedTimeoutS) } };
}

function waitingByZone(view: SessionView): Map<string, SessionHost[]> {
  const zones = new Map<string, SessionHost[]>();
  for (const host of view.hosts) {
    if (!host.isCompute || host.state !== 'waiting') continue;
    const zone = zoneOf(view.cloud, host.hostname);
    zones.set(zone, [...(zones.get(zone) ?? []), host]);
  }
  return zones;
}

/** Whether a maintained host of the zone, and hosts outside the session, take `count` more of each size that is there. */
function hasRoom(view: SessionView, zone: string, count: number): boolean {
  const unmaintained = new Set(view.hosts.filter(({ state }) => !isThrough(state)).map(({ hostname }) => hostname));
  const receivers = view.cloud.capacities.filter(
    ({ host }) => !unmaintained.has(host) && zoneOf(view.cloud, host) === zone && mayReceive(view, host),
  );
  const maintained = new Set(view.hosts.filter((host) => host.maintained).map(({ hostname }) => hostname));
  if (!receivers.some(({ host }) => maintained.has(host))) return false;
  const { servers, at } = view.cloud;
  const free = receivers.map(({ host, capacity }) => freeRoom(host, capacity, servers, view.impacts, at));
  return sizesIn(view, zone).every((size) => free.some((room) => fitsIn(times(size, count), room)));
}

/** What instances take on the session's hosts of the zone. */
function sizesIn(view: SessionView, zone: string): Resources[] {
  const hosts = view.hosts.filter((host) => host.isCompute && zoneOf(view.cloud, host.hostname) === zone);
  const all = hosts.flatMap(({ hostname }) => serversOn(view, hostname).map(({ resources }) => resources));
  return [...new Map(all.map((size) => [JSON.stringify(size), size])).values()];
}

function times(size: Resources, count: number): Resources {
  return Array.from({ length: count - 1 }).reduce<Resources>((sum) => addResources(sum, size), size);
}

/**
 * Disabled for this and nothing else: one that an earlier session left disabled stays so until it is maintained. One that
 * could not be enabled again is left to the closing, which tries for as long as it takes.
 */
function isSteered(view: SessionView, { hostname }: SessionHost): boolean {
  return lastChange(view, hostname)?.action === 'disable';
}

function lastChange(view: SessionView, hostname: string) {
  return view.effects.findLast((effect) => effect.kind === 'service' && effect.subject === hostname);
}
