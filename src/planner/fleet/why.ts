import type { FleetInstance, FleetWait } from '../fleet.js';
import { inWords } from './amount.js';
import type { FleetStep, ZoneStep } from './step.js';
import type { Choice } from './targets.js';

type Why = Omit<FleetWait, 'host' | 'instanceId'>;

/** Why the instance's group holds it. */
export function groupWait({ groups, now }: FleetStep, { groupId, instanceId }: FleetInstance): Why {
  const places = groups.of(groupId);
  const { maxImpacted } = places.group;
  if (places.never) {
    const message = `No member of group ${groupId} may be impacted by Fenix.`;
    return { because: 'group-never', message, lifts: 'Its project moves or removes it, or allows an impact.' };
  }
  const message = `At most ${maxImpacted} member(s) of group ${groupId} may be impacted at a time, and so many are.`;
  const until = places.nextEnd(instanceId);
  if (!Number.isFinite(until)) return { because: 'group-limit', message, lifts: 'The impact of another member ends.' };
  return { because: 'recovery-time', message, lifts: 'Another member has recovered.', until: Math.max(now, until) };
}

/** Why there is no place for it. */
export function placeWait(zone: ZoneStep, instance: FleetInstance, choice: Choice): Why {
  const because = zone.targets.whyNone(instance, choice);
  switch (because) {
    case 'target-limit':
      return {
        because,
        message: `Every host with room for it has ${choice.perTarget} move(s) coming already.`,
        lifts: 'One of these moves ends.',
      };
    case 'anti-affinity':
      return {
        because,
        message: `Every host with room for it has as many members of its group ${instance.groupId} as it may have.`,
        lifts: 'A host without members of the group is maintained, or one of these members leaves.',
      };
    case 'refused-everywhere':
      return {
        because,
        message: `Every host with room refused it: ${instance.refusedBy.join(', ')}.`,
        lifts: 'Another host is maintained.',
      };
    case 'no-room': {
      const message = `No maintained host of zone ${zone.name} has room for ${inWords(instance.resources)}.`;
      return zone.giving.length > 0
        ? { because: 'no-room-yet', message, lifts: 'A host that is out is maintained.' }
        : { because, message, lifts: 'Room is freed: projects scale in, or hosts are added.' };
    }
  }
}
