import type { Cloud } from './cloud.js';
import type { ComputeHost, Instance } from './records.js';

/**
 * Nova's scheduler: Placement's room and the COMPUTE_STATUS_DISABLED pre-filter, then the filters for state of the
 * service, zone and server groups, then the host with most free memory.
 *
 * @param requested the only host to consider, where the caller named one
 * @returns undefined for "No valid host was found"
 */
export function schedule(cloud: Cloud, instance: Instance, requested?: string): ComputeHost | undefined {
  let best: ComputeHost | undefined;
  for (const host of cloud.hosts.values()) {
    if (requested !== undefined && host.name !== requested) continue;
    if (host.name === instance.host || !accepts(cloud, host, instance)) continue;
    if (best === undefined || freeMemory(cloud, host) > freeMemory(cloud, best)) best = host;
  }
  return best;
}

function accepts(cloud: Cloud, host: ComputeHost, instance: Instance): boolean {
  if (!host.enabled || host.disabledTrait || !host.up || host.forcedDown) return false;
  if (instance.pinnedZone !== null && instance.pinnedZone !== host.zone) return false;
  return cloud.allocations.fits(instance.flavor, host) && groupAllows(cloud, host, instance);
}

/** As Nova's filters do, by the host on which a member is now: they do not see the source of one in VERIFY_RESIZE. */
function groupAllows(cloud: Cloud, host: ComputeHost, instance: Instance): boolean {
  if (instance.groupId === null) return true;
  const policy = cloud.groups.get(instance.groupId)?.policy;
  if (policy !== 'anti-affinity' && policy !== 'affinity') return true;
  const others = cloud
    .membersOf(instance.groupId)
    .filter((member) => member.id !== instance.id && member.host !== null);
  const there = others.some((member) => member.host === host.name);
  return policy === 'anti-affinity' ? !there : there || others.length === 0;
}

function freeMemory(cloud: Cloud, host: ComputeHost): number {
  return host.capacity.memoryMb - cloud.allocations.used(host.name).memoryMb;
}
