import { fitsIn, type Resources, subtractResources } from '../model/index.js';
import type { HostPlan, HostPlanSnapshot, PlanInstance, PlannedMove, PlanRefusal, PlanTarget } from './host-plan.js';

/**
 * Finds a target for every instance of a host: the largest first, each onto the fullest target that still takes it, so
 * that large holes are kept for large instances. Pure (L8).
 */
export function planHost(snapshot: HostPlanSnapshot): HostPlan {
  const free = new Map(snapshot.targets.map((target) => [target.host, target.free]));
  const moves: PlannedMove[] = [];
  const blocked: PlanRefusal[] = [];
  for (const instance of [...snapshot.instances].sort(largestFirst)) {
    const candidates = snapshot.targets.filter((target) => target.zone === instance.zone);
    const target = fullestThatFits(instance, candidates, free);
    if (target === undefined) {
      blocked.push(refusal(instance, candidates, free));
    } else {
      free.set(target.host, subtractResources(free.get(target.host) as Resources, instance.resources));
      moves.push({ instanceId: instance.instanceId, target: target.host });
    }
  }
  return { host: snapshot.host, moves, blocked };
}

function fullestThatFits(
  instance: PlanInstance,
  candidates: readonly PlanTarget[],
  free: ReadonlyMap<string, Resources>,
): PlanTarget | undefined {
  return candidates
    .filter(({ host }) => !instance.refusedBy.includes(host) && fitsIn(instance.resources, free.get(host) as Resources))
    .sort(
      (a, b) => compare(free.get(a.host) as Resources, free.get(b.host) as Resources) || (a.host < b.host ? -1 : 1),
    )[0];
}

function refusal(
  instance: PlanInstance,
  candidates: readonly PlanTarget[],
  free: ReadonlyMap<string, Resources>,
): PlanRefusal {
  const withRoom = candidates.filter(({ host }) => fitsIn(instance.resources, free.get(host) as Resources));
  if (withRoom.length > 0) {
    const message = `Every host with room refused instance ${instance.instanceId}: ${withRoom.map(({ host }) => host).join(', ')}.`;
    return { instanceId: instance.instanceId, because: 'refused-everywhere', message };
  }
  const { vcpus, memoryMb, diskGb } = instance.resources;
  const message =
    `No host of zone ${instance.zone} that may receive instance ${instance.instanceId} has room for ` +
    `${vcpus} vCPUs, ${memoryMb} MB of memory and ${diskGb} GB of disk.`;
  return { instanceId: instance.instanceId, because: 'no-room', message };
}

function largestFirst(a: PlanInstance, b: PlanInstance): number {
  return compare(b.resources, a.resources) || (a.instanceId < b.instanceId ? -1 : 1);
}

function compare(a: Resources, b: Resources): number {
  return a.vcpus - b.vcpus || a.memoryMb - b.memoryMb || a.diskGb - b.diskGb;
}
