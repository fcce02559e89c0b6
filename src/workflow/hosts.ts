import { isThrough, type SessionHost } from '../model/index.js';
import type { ComputeService } from './cloud-port.js';
import type { CloudView, SessionView } from './view.js';

/** How a disabled_reason of ours begins; the session id follows (v1 §5.1). */
export const OUR_REASON = 'fenix ';

/** Why an instance is sent to a host that is ahead of its own maintenance (L12). */
export const MOVES_AGAIN = 'There is no maintained host that may take it now, so it will have to move once more.';

/** Hosts that are still to be maintained: what goes there will have to move once more. */
export function hostsAhead({ hosts }: Pick<SessionView, 'hosts'>): Set<string> {
  return new Set(hosts.filter(({ state }) => !isThrough(state)).map(({ hostname }) => hostname));
}

/** What we write as disabled_reason: the id first, so that it survives the cut to 255. */
export function disabledReason(sessionId: string, why?: string): string {
  return `${OUR_REASON}${sessionId}${why === undefined ? '' : `: ${why}`}`.slice(0, 255);
}

interface Computes {
  readonly byHost: ReadonlyMap<string, ComputeService>;
  readonly byZone: ReadonlyMap<string, readonly ComputeService[]>;
}

/** One reading of the services is asked about once for every host and instance. */
const indexed = new WeakMap<readonly ComputeService[], Computes>();

function computesIn({ services }: Pick<CloudView, 'services'>): Computes {
  const known = indexed.get(services);
  if (known !== undefined) return known;
  const byHost = new Map<string, ComputeService>();
  const byZone = new Map<string, ComputeService[]>();
  for (const service of services) {
    if (service.binary !== 'nova-compute') continue;
    if (!byHost.has(service.host)) byHost.set(service.host, service);
    const zone = byZone.get(service.zone);
    if (zone === undefined) byZone.set(service.zone, [service]);
    else zone.push(service);
  }
  const computes = { byHost, byZone };
  indexed.set(services, computes);
  return computes;
}

/** The host's compute service; `hostname` as Nova writes it. */
export function computeServiceOf(cloud: Pick<CloudView, 'services'>, hostname: string): ComputeService | undefined {
  return computesIn(cloud).byHost.get(hostname);
}

/** All compute services of an availability zone. */
export function computeServicesIn(cloud: Pick<CloudView, 'services'>, zone: string): readonly ComputeService[] {
  return computesIn(cloud).byZone.get(zone) ?? [];
}

/** The availability zone of a compute host; '' for one that is none. */
export function zoneOf(cloud: Pick<CloudView, 'services'>, hostname: string): string {
  return computeServiceOf(cloud, hostname)?.zone ?? '';
}

/** Nova counts the host's compute service as down, so it can do nothing there. */
export function isDown(cloud: Pick<CloudView, 'services'>, hostname: string): boolean {
  return computeServiceOf(cloud, hostname)?.up === false;
}

/** Hosts that have to be emptied, whatever else they are. */
export function computesOf(view: SessionView): SessionHost[] {
  return view.hosts.filter((host) => host.isCompute);
}

/** Those whose turn is still to come. */
export function waitingComputes(view: SessionView): SessionHost[] {
  return computesOf(view).filter((host) => host.state === 'waiting');
}
