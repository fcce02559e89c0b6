import type { FleetHost, FleetInstance } from '../fleet.js';
import type { FleetStep, ZoneStep } from './step.js';

/**
 * Room for one more of its kind, from notice to the end of the move, for those who want it (V6). As far as it goes: only
 * what is promised to nobody is kept, and who was told already goes before it.
 */
export function keepRoom(step: FleetStep, zone: ZoneStep): void {
  for (const host of [...zone.sources.map((source) => source.host), ...zone.giving]) {
    for (const instance of host.instances) if (isImpactedSoon(host, instance)) keepRoomFor(step, zone, instance);
  }
}

/** Those that stay stopped while their host is out are impacted until it is back. */
function isImpactedSoon({ state }: FleetHost, { phase, way }: FleetInstance): boolean {
  if (phase === 'gone') return way === 'stays';
  return state === 'emptying' && phase !== 'resting';
}

export function keepRoomFor({ decided }: FleetStep, { targets }: ZoneStep, instance: FleetInstance): void {
  if (!instance.keepsRoom) return;
  const oneMore = { ...instance, instanceId: `one more of ${instance.instanceId}`, target: null };
  const choice = { overHeld: false, waiting: false, perTarget: Number.POSITIVE_INFINITY };
  const target = targets.choose(oneMore, choice);
  if (target !== undefined) targets.hold(oneMore, target.host);
  // A host that waits for its turn has room as well, but is not kept from it.
  else if (targets.choose(oneMore, { ...choice, waiting: true }) === undefined)
    decided.unkept = [...(decided.unkept ?? []), instance.instanceId];
}
