import type { Resources } from '../../model/index.js';
import type { ComputeHost } from '../records.js';

/** A compute node's traits that do not change. */
const TRAITS = ['COMPUTE_NODE', 'COMPUTE_TRUSTED_CERTS', 'COMPUTE_VOLUME_EXTEND', 'COMPUTE_NET_ATTACH_INTERFACE'];

export function traitsOf(host: ComputeHost): string[] {
  return host.disabledTrait ? [...TRAITS, 'COMPUTE_STATUS_DISABLED'] : TRAITS;
}

/** Something for each of VCPU, MEMORY_MB and DISK_GB. */
export function byClass<T>(resources: Resources, render: (amount: number) => T): Record<string, T> {
  const { vcpus, memoryMb, diskGb } = resources;
  return { VCPU: render(vcpus), MEMORY_MB: render(memoryMb), DISK_GB: render(diskGb) };
}

/** A class of which nothing is taken is not there. */
export function resourceView(resources: Resources): Record<string, number> {
  const all = Object.entries(byClass(resources, (amount) => amount));
  return Object.fromEntries(all.filter(([, amount]) => amount > 0));
}
