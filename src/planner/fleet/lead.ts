import type { FleetInstance } from '../fleet.js';
import { byName } from './amount.js';
import type { Source } from './source.js';
import type { ZoneStep } from './step.js';

/** The host that is certain to become empty, in a zone where nothing else will give room. */
export interface Lead {
  readonly source: Source;
  /** There is no way but over hosts that are not maintained yet (L12). */
  readonly overWaiting: boolean;
}

/**
 * Sources, the nearest to its end first: its room serves again the soonest. Of such as are as near, that of which most
 * projects were told: one that was told may hold a place in a group for which others wait.
 */
export function sortSources(zone: ZoneStep): void {
  zone.sources.sort(
    (a, b) =>
      a.pendingS - b.pendingS ||
      toldOf(b) - toldOf(a) ||
      a.host.since - b.host.since ||
      byName(a.host.host, b.host.host),
  );
}

const toldOf = ({ acked, asked }: Source): number => acked.length + asked.length;

/**
 * The first source of which everything has a place, whoever else was promised one; these places are kept for it from now
 * on. Without this two half-emptied hosts could wait for each other's room.
 */
export function chooseLead(zone: ZoneStep): Lead | undefined {
  const all = zone.sources.flatMap(pendingOf);
  for (const instance of all) zone.targets.release(instance);
  for (const overWaiting of [false, true]) {
    for (const source of zone.sources) {
      const places = zone.targets.pack(pendingOf(source), overWaiting);
      if (places === undefined) continue;
      for (const [instance, target] of places) zone.targets.hold(instance, target.host);
      return { source, overWaiting };
    }
  }
  for (const instance of all) if (instance.target !== null) zone.targets.hold(instance, instance.target);
  return undefined;
}

/** Who still wants a place of ours. */
export function pendingOf({ acked, asked, resting }: Source): FleetInstance[] {
  return [...acked, ...asked, ...resting].filter(({ way }) => way === 'place');
}
