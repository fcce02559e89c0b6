import type { Cloud } from './cloud.js';
import { addHost } from './cloud-population.js';
import { type ComputeHost, isOpen } from './records.js';
import { Refusal } from './refusal.js';

/**
 * Nova's DELETE of a compute service: the host is in no list and no aggregate any more, its provider is gone as well.
 * Throws Refusal 409 while it holds anything.
 */
export function retireHost(cloud: Cloud, host: ComputeHost): void {
  const isThere = (name: string | null): boolean => name === host.name;
  if (cloud.instances().some((instance) => isThere(instance.host)))
    throw new Refusal(
      409,
      'Unable to delete compute service that is hosting instances. Migrate or delete the instances first.',
    );
  if (cloud.migrations().some((one) => isOpen(one) && (isThere(one.sourceHost) || isThere(one.targetHost))))
    throw new Refusal(
      409,
      'Unable to delete compute service that has in-progress migrations. Complete the migrations or delete the instances first.',
    );
  cloud.hosts.delete(host.name);
  cloud.retired.set(host.name, host);
  for (const aggregate of cloud.aggregates) aggregate.hosts = aggregate.hosts.filter((name) => !isThere(name));
  if (host.leavesProvider) cloud.leftProviders.set(host.name, host);
  cloud.log.add({ kind: 'host-gone', host: host.name });
}

/** A nova-compute whose service was deleted is started again: it registers anew. */
function comeBack(cloud: Cloud, host: ComputeHost): void {
  cloud.retired.delete(host.name);
  cloud.leftProviders.delete(host.name);
  const { name, hypervisorType, capacity } = host;
  addHost(cloud, { name, hypervisorType, ...capacity });
}

/**
 * A host goes down, or comes back: its nova-compute is seen so at once, and its instances serve nobody meanwhile. Moves
 * from and to it stand still. When it comes back it gives up the room of instances that were evacuated from it, as
 * nova-compute does when it starts, and what was asked of it meanwhile goes on.
 * So do the services of a controller. Throws Refusal 404 for an unknown host.
 */
export function setHostUp(cloud: Cloud, name: string, up: boolean): void {
  const controllers = cloud.controllers.filter(({ host: where }) => where === name);
  for (const service of controllers) service.up = up;
  const host = cloud.hosts.get(name);
  const retired = cloud.retired.get(name);
  if (retired !== undefined && up) comeBack(cloud, retired);
  if (retired !== undefined || (host === undefined && controllers.length > 0)) return;
  if (host === undefined) throw new Refusal(404, `Compute host ${name} could not be found.`);
  if (host.up === up) return;
  host.up = up;
  cloud.log.add({ kind: 'host-state', host: name, up });
  for (const { id, host: where } of cloud.instances()) if (where === name) cloud.change(id, { cutOff: !up });
  if (!up) return;
  for (const { consumer, leftOver } of cloud.allocations.on(name)) if (leftOver) cloud.allocations.release(consumer);
  for (const { id, type, status, sourceHost } of cloud.migrations())
    if (type === 'evacuation' && status === 'done' && sourceHost === name)
      cloud.changeMigration(id, { status: 'completed' });
  cloud.hostIsUp(name);
}

/** Nova's check before it asks a nova-compute for something. */
export function requireUp(cloud: Cloud, name: string | null, status: 400 | 409): void {
  const host = cloud.hosts.get(name ?? '');
  if (host !== undefined && (!host.up || host.forcedDown))
    throw new Refusal(status, `Compute service of ${host.name} is unavailable at this time.`);
}
