import type { Cloud } from './cloud.js';
import { Refusal } from './refusal.js';

/**
 * A host goes down, or comes back: its nova-compute is seen so at once, and its instances serve nobody meanwhile. Moves
 * from and to it stand still. When it comes back it gives up the room of instances that were evacuated from it, as
 * nova-compute does when it starts, and what was asked of it meanwhile goes on.
 * Throws Refusal 404 for an unknown host.
 */
export function setHostUp(cloud: Cloud, name: string, up: boolean): void {
  const host = cloud.hosts.get(name);
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
