import type { FleetInstance, FleetWait } from '../fleet.js';
import type { Lead } from './lead.js';
import type { Source } from './source.js';
import type { FleetStep, ZoneStep } from './step.js';
import { groupWait, placeWait } from './why.js';

type Why = Omit<FleetWait, 'host' | 'instanceId'>;

/** Begins what was acknowledged, as far as limits, groups and room allow (V1 to V4). */
export function beginMoves(step: FleetStep, zone: ZoneStep, lead: Lead | undefined): void {
  for (const source of zone.sources) {
    const waiting: FleetInstance[] = [];
    const { perSource } = step.snapshot.limits;
    const most = source.acked.length === 0 ? 0 : source.busyUntil.length + source.openPlaces(perSource, step.now);
    for (const instance of source.acked) {
      const why = begin(step, zone, source, instance, lead, most);
      if (why === undefined) continue;
      waiting.push(instance);
      step.wait(source.host, instance, why);
    }
    source.acked.length = 0;
    source.acked.push(...waiting);
  }
}

function begin(
  step: FleetStep,
  zone: ZoneStep,
  source: Source,
  instance: FleetInstance,
  lead: Lead | undefined,
  most: number,
): Why | undefined {
  const group = step.groups.of(instance.groupId);
  if (instance.way !== 'own' && group.never) return groupWait(step, instance);
  if (!group.mayBegin(instance.instanceId)) return groupWait(step, instance);
  if (instance.way === 'stays' && !source.onlyStaying) {
    return { because: 'order', message: 'It is stopped when all others have left.', lifts: 'Their moves end.' };
  }
  let target: string | null = null;
  if (instance.way === 'place') {
    const limit = limitWait(step, source, most);
    if (limit !== undefined) return limit;
    const choice = {
      overHeld: !zone.tight || lead === undefined,
      waiting: (lead?.source === source && lead.overWaiting) || step.firstWave(zone),
      perTarget: step.snapshot.limits.perTarget,
    };
    zone.targets.release(instance);
    const chosen = zone.targets.choose(instance, choice);
    if (chosen === undefined) {
      if (instance.target !== null) zone.targets.hold(instance, instance.target);
      return placeWait(zone, instance, choice);
    }
    zone.targets.take(instance, chosen);
    step.migrations += 1;
    target = chosen.host;
  }
  if (instance.way === 'own') {
    // Wherever its project has it go, there must be room for it somewhere.
    const choice = { overHeld: true, waiting: true, perTarget: Number.POSITIVE_INFINITY };
    const somewhere = zone.targets.choose(instance, choice);
    if (somewhere === undefined) return placeWait(zone, instance, choice);
    zone.targets.take(instance, somewhere);
  }
  group.begin(instance);
  source.begun(instance, step.now);
  step.decided.move.push({ instanceId: instance.instanceId, target });
  return undefined;
}

const LATER_ROUND: Why = {
  because: 'order',
  message: 'It leaves no later with the next ones, and takes room elsewhere for less time.',
  lifts: 'The moves before it end.',
};

function limitWait({ migrations, snapshot: { limits } }: FleetStep, source: Source, most: number): Why | undefined {
  const { length } = source.busyUntil;
  if (length >= most && length < limits.perSource) return LATER_ROUND;
  if (length >= most) {
    const until = Math.min(...source.busyUntil);
    const message = `${length} of at most ${limits.perSource} instances are leaving ${source.host.host}.`;
    return { because: 'source-limit', message, lifts: 'One of these moves ends.', until };
  }
  if (migrations < limits.migrations) return undefined;
  const message = `${migrations} of at most ${limits.migrations} moves are under way.`;
  return { because: 'migration-limit', message, lifts: 'One of them ends.' };
}
