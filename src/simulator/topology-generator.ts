import { FenixError } from '../common/errors.js';
import { createRandom } from '../common/random.js';
import type { Resources } from '../model/index.js';
import { hex, uuid } from './ids.js';
import type { Timings, Topology, TopologyInstance } from './topology.js';

export interface GeneratorOptions {
  /** Compute hosts, all of one size. */
  readonly hosts: number;
  /** Instances of all projects together. */
  readonly instances: number;
  readonly projects: number;
  readonly seed: number;
  /** Compute hosts without an instance, default 1. */
  readonly emptyHosts?: number;
  /** `full`: a host holds just as many as the fullest one has; default: a quarter more, at least one more. */
  readonly fill?: 'full';
  /** Availability zones that the hosts are dealt out to, default 1. */
  readonly zones?: number;
  readonly controllers?: number;
  /** Give every project's group Nova's policy anti-affinity; needs no more members than hosts that are not empty. */
  readonly antiAffinity?: boolean;
  /** What every group's manager tells of it, and the judge holds the service to. */
  readonly constraints?: { readonly maxImpacted: number; readonly recoveryTime: number };
  readonly timings?: Partial<Timings>;
}

const FLAVOR = { name: 'm1.small', vcpus: 2, memoryMb: 4096, diskGb: 20 } as const;

/**
 * A cloud made from a seed: exactly `emptyHosts` compute hosts are empty, the instances are spread evenly over the
 * rest, and each project's over as many hosts as possible. Each project has one group, of which one member may be out
 * of service at a time.
 */
export function generateTopology(options: GeneratorOptions): Topology {
  const { hosts, instances, projects, seed, emptyHosts = 1, zones = 1, controllers = 1 } = options;
  const used = hosts - emptyHosts;
  const problem = problemOf(options, used);
  if (problem !== undefined) throw new FenixError('input', 'bad-topology', problem);
  const random = createRandom(seed);
  const names = Array.from({ length: hosts }, (_, i) => `compute-${i + 1}`);
  const filled = random.shuffle(names).slice(0, used);
  const perHost = Math.ceil(instances / Math.max(1, used));
  const slots = options.fill === 'full' ? perHost : Math.max(perHost + 1, Math.ceil(perHost * 1.25));
  if (options.antiAffinity === true && Math.ceil(instances / projects) > used)
    throw new FenixError('input', 'bad-topology', 'Anti-affinity needs as many filled hosts as a project has members.');
  return {
    seed,
    ...(options.timings === undefined ? {} : { timings: options.timings }),
    flavors: [FLAVOR],
    hosts: names.map((name, i) => ({ name, zone: zoneName(i % zones), ...times(FLAVOR, slots) })),
    controllers: Array.from({ length: controllers }, (_, i) =>
      controllers === 1 ? 'controller' : `controller-${i + 1}`,
    ),
    projects: deal(instances, projects, filled).map((members, p) => ({
      name: `project-${p + 1}`,
      id: hex(random, 32),
      groups: [
        {
          name: 'app',
          id: uuid(random),
          maxOutOfService: options.constraints?.maxImpacted ?? 1,
          ...options.constraints,
          ...(options.antiAffinity === true ? ({ policy: 'anti-affinity' } as const) : {}),
        },
      ],
      instances: members.map((instance) => ({ ...instance, id: uuid(random) })),
    })),
  };
}

/** Why there is no such cloud, as a sentence. */
function problemOf({ hosts, instances, projects, emptyHosts = 1 }: GeneratorOptions, used: number): string | undefined {
  if (emptyHosts < 0 || used < 0) return `Of ${hosts} host(s), ${emptyHosts} cannot be left empty.`;
  if (instances === 0) return undefined;
  if (used === 0)
    return `There is no host for ${instances} instance(s): of ${hosts} host(s), ${emptyHosts} must be left empty.`;
  if (projects < 1) return 'Instances need a project.';
  if (instances < used) return `${instances} instance(s) are too few for ${used} hosts that are not left empty.`;
  return undefined;
}

/** Project after project takes the next host in turn: even hosts, and each project spread as wide as it can be. */
function deal(instances: number, projects: number, hosts: readonly string[]): TopologyInstance[][] {
  let next = 0;
  return Array.from({ length: projects }, (_, p) => {
    const size = Math.floor(instances / projects) + (p < instances % projects ? 1 : 0);
    return Array.from({ length: size }, (_, i) => ({
      name: `project-${p + 1}-vm-${i + 1}`,
      flavor: FLAVOR.name,
      group: 'app',
      host: hosts[next++ % hosts.length] ?? '',
    }));
  });
}

function zoneName(index: number): string {
  return index === 0 ? 'nova' : `zone-${index + 1}`;
}

function times(size: Resources, factor: number): Resources {
  return { vcpus: size.vcpus * factor, memoryMb: size.memoryMb * factor, diskGb: size.diskGb * factor };
}
