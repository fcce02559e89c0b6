import type { Resources } from '../../model/index.js';

/** Resources that are counted up and down within one step of a plan. */
export interface Amount {
  vcpus: number;
  memoryMb: number;
  diskGb: number;
}

export const amountOf = ({ vcpus, memoryMb, diskGb }: Resources): Amount => ({ vcpus, memoryMb, diskGb });

export const nothing = (): Amount => ({ vcpus: 0, memoryMb: 0, diskGb: 0 });

/** Adds `times` as much of `what`; negative to take away. */
export function add(to: Amount, what: Resources, times = 1): void {
  to.vcpus += times * what.vcpus;
  to.memoryMb += times * what.memoryMb;
  to.diskGb += times * what.diskGb;
}

export const inWords = ({ vcpus, memoryMb, diskGb }: Resources): string =>
  `${vcpus} vCPUs, ${memoryMb} MB of memory and ${diskGb} GB of disk`;

export const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
