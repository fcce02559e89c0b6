import { compareResources, fitsIn, type Resources, subtractResources } from '../model/index.js';
import type { HostPlan, HostPlanSnapshot, PlanInstance, PlannedMove, PlanRefusal, PlanTarget } from './host-plan.js';

/** What is left on a target while a plan is made. */
interface Left {
  free: Resources;
  readonly members: Map<string, number>;
}

/**
 * Finds a target for every instance of a host: the largest first, each onto the fullest target that still takes it, so
 * that large holes are kept for large instances. Pure (L8).
 */
export function planHost(snapshot: HostPlanSnapshot): HostPlan {
  const left = new Map(snapshot.targets.map((target) => [target.host, leftOn(target)]));
  const moves: PlannedMove[] = [];
  const blocked: PlanRefusal[] = [];
  for (const instance of [...snapshot.instances].sort(largestFirst)) {
    const candidates = snapshot.targets.filter((target) => target.zone === instance.zone);
    const target = fullestThatFits(instance, candidates, left);
    if (target === undefined) {
      blocked.push(refusal(instance, candidates, left));
    } else {
      take(left.get(target.host) as Left, instance);
      moves.push({ instanceId: instance.instanceId, target: target.host });
    }
  }
  const unkept = withoutRoom(snapshot, left);
  return { host: snapshot.host, moves, blocked, ...(unkept.length > 0 && { unkept }) };
}

/** Who has no place left for one more of its kind, when all others of the host have one. */
function withoutRoom(
  { instances, alsoKeep = [], targets }: HostPlanSnapshot,
  left: ReadonlyMap<string, Left>,
): string[] {
  const wanting = [...instances.filter(({ keepsRoom }) => keepsRoom), ...alsoKeep].sort(largestFirst);
  return wanting.flatMap((instance) => {
    const candidates = targets.filter((target) => target.zone === instance.zone);
    const target = fullestThatFits(instance, candidates, left);
    if (target === undefined) return [instance.instanceId];
    take(left.get(target.host) as Left, instance);
    return [];
  });
}

function leftOn({ free, members = {} }: PlanTarget): Left {
  return { free, members: new Map(Object.entries(members)) };
}

function take(left: Left, { resources, group }: PlanInstance): void {
  left.free = subtractResources(left.free, resources);
  if (group !== undefined) left.members.set(group.groupId, (left.members.get(group.groupId) ?? 0) + 1);
}

function fullestThatFits(
  instance: PlanInstance,
  candidates: readonly PlanTarget[],
  left: ReadonlyMap<string, Left>,
): PlanTarget | undefined {
  const freeOf = ({ host }: PlanTarget): Resources => (left.get(host) as Left).free;
  return candidates
    .filter((target) => !instance.refusedBy.includes(target.host) && takes(left.get(target.host) as Left, instance))
    .sort((a, b) => compareResources(freeOf(a), freeOf(b)) || (a.host < b.host ? -1 : 1))[0];
}

function takes({ free, members }: Left, { resources, group }: PlanInstance): boolean {
  return fitsIn(resources, free) && (group === undefined || (members.get(group.groupId) ?? 0) < group.maxPerHost);
}

function refusal(
  instance: PlanInstance,
  candidates: readonly PlanTarget[],
  left: ReadonlyMap<string, Left>,
): PlanRefusal {
  const { instanceId, resources, group } = instance;
  const withRoom = candidates.filter(({ host }) => fitsIn(resources, (left.get(host) as Left).free));
  const apart = withRoom.filter(({ host }) => takes(left.get(host) as Left, instance));
  if (apart.length > 0) {
    const message = `Every host with room refused instance ${instanceId}: ${apart.map(({ host }) => host).join(', ')}.`;
    return { instanceId, because: 'refused-everywhere', message };
  }
  if (withRoom.length > 0) {
    const message =
      `Every host with room for instance ${instanceId} already has ${group?.maxPerHost} member(s) of its group ` +
      `${group?.groupId}: ${withRoom.map(({ host }) => host).join(', ')}.`;
    return { instanceId, because: 'anti-affinity', message };
  }
  const { vcpus, memoryMb, diskGb } = resources;
  const message =
    `No host of zone ${instance.zone} that may receive instance ${instanceId} has room for ` +
    `${vcpus} vCPUs, ${memoryMb} MB of memory and ${diskGb} GB of disk.`;
  return { instanceId, because: 'no-room', message };
}

function largestFirst(a: PlanInstance, b: PlanInstance): number {
  return compareResources(b.resources, a.resources) || (a.instanceId < b.instanceId ? -1 : 1);
}
