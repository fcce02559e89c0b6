import type { Caller, Instance, VmState } from './records.js';
import { Refusal } from './refusal.js';

/**
 * Nova's check before an action: 409 when the server is busy, or not in one of the states. First comes the lock, which
 * binds everybody but admins.
 */
export function requireState(instance: Instance, action: string, allowed: readonly VmState[], caller: Caller): void {
  if (instance.locked && !caller.admin) throw new Refusal(409, `Instance ${instance.id} is locked`);
  const because = (what: string): Refusal =>
    new Refusal(409, `Cannot '${action}' instance ${instance.id} while it is in ${what}`);
  if (!allowed.includes(instance.vmState)) throw because(`vm_state ${instance.vmState}`);
  if (instance.taskState !== null) throw because(`task_state ${instance.taskState}`);
}
