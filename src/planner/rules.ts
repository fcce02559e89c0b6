import { addResources, fitsIn, type Impact, NO_RESOURCES, type Resources, subtractResources } from '../model/index.js';

/*
 * The safety rules (v1 §5.3), as pure questions. Handlers ask them before they decide, admission asks them again in the
 * transaction that grants (L5): one code, so that the two can't disagree.
 *
 * V1. Impacted members of a group <= the allowed number.
 * V2. An instance is impacted from the start of its action until recovery_time after its end.
 * V4. Anti-affinity and max_instances_per_host hold at every moment; a migrating instance counts on both hosts.
 */

/** Why an effect may not begin now. */
export interface RuleRefusal {
  readonly because: 'group-limit' | 'recovery-time' | 'anti-affinity' | 'no-room' | 'already-moving';
  readonly message: string;
  /** When it may be otherwise, where that is known. */
  readonly until?: Date;
}

/** Whether the impact still counts in its group at `now` (V2). */
export function countsAt(impact: Impact, now: Date): boolean {
  return impact.recoveredAt === null || impact.recoveredAt.getTime() > now.getTime();
}

/**
 * V1 for one more member of the group. `impacts` are those of all sessions; members in ERROR or on a host that is down
 * count as well, so to do something about one of them impacts nobody else.
 */
export function groupRefusal(
  group: { readonly groupId: string; readonly maxImpacted: number; readonly broken?: readonly string[] },
  instanceId: string,
  impacts: readonly Impact[],
  now: Date,
): RuleRefusal | undefined {
  const counting = impacts.filter((impact) => impact.groupId === group.groupId && countsAt(impact, now));
  if (counting.some((impact) => impact.instanceId === instanceId && impact.endedAt === null)) {
    return { because: 'already-moving', message: `Instance ${instanceId} is being moved already.` };
  }
  if (group.broken?.includes(instanceId)) return undefined;
  const members = new Set([...counting.map((impact) => impact.instanceId), ...(group.broken ?? [])]);
  members.delete(instanceId);
  if (members.size < group.maxImpacted) return undefined;
  const others = counting.filter((impact) => members.has(impact.instanceId));
  const recovering = others.flatMap((impact) => (impact.recoveredAt === null ? [] : [impact.recoveredAt.getTime()]));
  const message = `${members.size} of at most ${group.maxImpacted} members of group ${group.groupId} are impacted.`;
  return recovering.length > 0
    ? { because: 'recovery-time', message, until: new Date(Math.min(...recovering)) }
    : { because: 'group-limit', message };
}

/** V4 for one more member on `host`: who is there, who is on the way there, and who has not left it yet, all count. */
export function spreadRefusal(
  group: { readonly groupId: string; readonly maxPerHost: number; readonly members: readonly string[] },
  instanceId: string,
  host: string,
  servers: readonly Placed[],
  impacts: readonly Impact[],
): RuleRefusal | undefined {
  if (group.maxPerHost === 0) return undefined;
  const members = new Set(group.members);
  const there = servers.filter((server) => server.host === host && members.has(server.id)).map((server) => server.id);
  const underWay = impacts.filter(
    ({ endedAt, groupId, sourceHost, targetHost }) =>
      endedAt === null && groupId === group.groupId && (sourceHost === host || targetHost === host),
  );
  const all = new Set([...there, ...underWay.map((impact) => impact.instanceId)]);
  all.delete(instanceId);
  if (all.size < group.maxPerHost) return undefined;
  const message = `Host ${host} has ${all.size} of at most ${group.maxPerHost} members of group ${group.groupId}.`;
  return { because: 'anti-affinity', message };
}

/** A server as the room rules see it. */
export interface Placed {
  readonly id: string;
  readonly host: string | null;
  readonly resources: Resources;
}

/**
 * What is left on `host`: capacity less what is there and what granted moves will bring, or have brought since.
 * @param seenAt when `servers` were read
 */
export function freeRoom(
  host: string,
  capacity: Resources,
  servers: readonly Placed[],
  impacts: readonly Impact[],
  seenAt: Date,
): Resources {
  const here = servers.filter((server) => server.host === host);
  const ids = new Set(here.map((server) => server.id));
  const coming = impacts.filter(
    ({ targetHost, endedAt, instanceId }) =>
      targetHost === host && (endedAt === null || endedAt > seenAt) && !ids.has(instanceId),
  );
  const taken = [...here.map((server) => server.resources), ...coming].reduce<Resources>(addResources, NO_RESOURCES);
  return subtractResources(capacity, taken);
}

/** Whether `wanted` fits into what is left on a host. */
export function roomRefusal(host: string, wanted: Resources, free: Resources): RuleRefusal | undefined {
  if (fitsIn(wanted, free)) return undefined;
  return {
    because: 'no-room',
    message: `Host ${host} has no room left for ${wanted.vcpus} vCPUs, ${wanted.memoryMb} MB.`,
  };
}
