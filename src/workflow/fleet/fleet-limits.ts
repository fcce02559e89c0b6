import { limitOf, type SessionHost } from '../../model/index.js';
import type { FleetLimits } from '../../planner/fleet.js';
import { controllerSlots, controllersTogether, isDownController } from '../controllers.js';
import { computesOf, zoneOf } from '../hosts.js';
import type { SessionView } from '../view.js';
import type { FleetIndex } from './index-of-view.js';

/** What the planner calls a zone as something that hosts are limited by together. */
export function zoneSet(zone: string): string {
  return `zone ${zone}`;
}

/** What it calls computes that are controllers as well. */
const CONTROLLERS = 'controllers';

/** What limits a host of the session together with others. */
export function setsOf(view: SessionView, { hostname, type }: SessionHost): string[] {
  const counts = type === 'controller' && !isDownController(view, hostname);
  return [zoneSet(zoneOf(view.cloud, hostname)), ...(counts ? [CONTROLLERS] : [])];
}

/**
 * The session's limits as numbers (v1 §1.2 `limits`). A share of the instances on a host is that of the host with the
 * fewest: what holds there holds on all.
 */
export function fleetLimits(view: SessionView, index: FleetIndex): FleetLimits {
  const { limits } = view.session;
  const computes = computesOf(view);
  const sizes = computes.map(({ hostname }) => index.serversOn(hostname).length).filter((size) => size > 0);
  const perHost = limitOf(limits.migrations_per_host, Math.min(...sizes, Number.MAX_SAFE_INTEGER)) ?? Infinity;
  const zones = new Map<string, number>();
  for (const { hostname } of computes) {
    const zone = zoneOf(view.cloud, hostname);
    zones.set(zone, (zones.get(zone) ?? 0) + 1);
  }
  const together = computes.some(({ type }) => type === 'controller')
    ? [[CONTROLLERS, controllersTogether(view)] as const]
    : [];
  const perZone = limits.per_zone === undefined ? [] : [...zones];
  return {
    hosts: limitOf(limits.hosts, computes.length) ?? view.settings.maxParallelHosts,
    migrations: limitOf(limits.migrations, computes.length) ?? Infinity,
    perSource: perHost,
    perTarget: perHost,
    perSet: Object.fromEntries([
      ...perZone.map(([zone, count]) => [zoneSet(zone), limitOf(limits.per_zone, count) as number] as const),
      ...together,
    ]),
    controllers: controllerSlots(view),
  };
}
