import type { Resources } from '../../model/index.js';

/** Amounts by Placement's resource classes; those of which nothing is wanted are left out, since it refuses zeros. */
export function byClass({ vcpus, memoryMb, diskGb }: Resources): Record<string, number> {
  const all = Object.entries({ VCPU: vcpus, MEMORY_MB: memoryMb, DISK_GB: diskGb });
  return Object.fromEntries(all.filter(([, amount]) => amount > 0));
}
