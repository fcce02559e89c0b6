import type { FleetInstance } from '../fleet.js';
import type { ZoneStep } from './step.js';

/**
 * Room for one more of its kind, from notice to the end of the move, for those who want it (V6). As far as it goes: only
 * what is promised to nobody is kept, and who was told already goes before it.
 */
export function keepRoom(zone: ZoneStep): void {
  for (const { host } of zone.sources) {
    for (const instance of host.instances) {
      const { phase } = instance;
      if (phase === 'asked' || phase === 'acked' || phase === 'moving') keepRoomFor(zone, instance);
    }
  }
}

export function keepRoomFor({ targets }: ZoneStep, instance: FleetInstance): void {
  if (!instance.keepsRoom) return;
  const oneMore = { ...instance, instanceId: `one more of ${instance.instanceId}`, target: null };
  const choice = { overHeld: false, waiting: false, perTarget: Number.POSITIVE_INFINITY };
  const target = targets.choose(oneMore, choice);
  if (target !== undefined) targets.hold(oneMore, target.host);
}
