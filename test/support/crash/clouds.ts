import type { FaultPlan, ManagerOptions, Timings, Topology } from '../../../src/simulator/index.js';

const FLAVOR = { name: 'm', vcpus: 2, memoryMb: 4096, diskGb: 20 };
const SIZE = { vcpus: 8, memoryMb: 16_384, diskGb: 80 };

/** How a cloud differs from the common one. */
export interface Variation {
  readonly manager?: ManagerOptions;
  readonly timings?: Partial<Timings>;
  readonly faults?: FaultPlan;
  /** Host `a`, else like `b`. */
  readonly a?: Partial<Topology['hosts'][number]>;
}

/** Host `a` with one instance of an application of two, the other one on `b`, which has room for both. */
export function twoHosts({ manager = {}, timings = {}, faults = {}, a = {} }: Variation = {}): Topology {
  const member = (name: string, host: string) => ({ name, host, flavor: FLAVOR.name, group: 'app' });
  return {
    seed: 1,
    timings,
    faults,
    flavors: [FLAVOR],
    hosts: [
      { name: 'a', ...SIZE, ...a },
      { name: 'b', ...SIZE },
    ],
    controllers: [],
    projects: [
      {
        name: 'p',
        groups: [{ name: 'app', maxImpacted: 1, recoveryTime: 5 }],
        instances: [member('vm-1', 'a'), member('vm-2', 'b')],
        manager,
      },
    ],
  };
}
