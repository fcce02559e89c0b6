import { FenixError } from '../../common/errors.js';
import type { Hypervisor } from '../../workflow/cloud-port.js';
import type { ServiceApi } from '../service-api.js';
import { HYPERVISORS } from './needs.js';

/** Nova API, GET /os-hypervisors/detail with microversion 2.53; from 2.88 on it has no resources any more. */
interface NovaHypervisor {
  readonly hypervisor_type: string;
  readonly state: string;
  readonly service: { readonly host: string };
  /** `my_ip` of its nova-compute. */
  readonly host_ip: string | null;
  readonly vcpus: number;
  readonly memory_mb: number;
  readonly local_gb: number;
}

/** Hosts whose hypervisor is Ironic: their "instances" are machines. */
export async function listIronicHosts(nova: ServiceApi, signal?: AbortSignal): Promise<string[]> {
  const ironic = (await list(nova, {}, signal)).filter(({ hypervisor_type: type }) => type === 'ironic');
  return [...new Set(ironic.map(({ service }) => service.host))];
}

/** Undefined where Nova has none, or none that is mapped to a cell. */
export async function findHypervisor(
  nova: ServiceApi,
  host: string,
  signal?: AbortSignal,
): Promise<Hypervisor | undefined> {
  // Its own name may be the host's short or full form; both contain the first label.
  const pattern = host.split('.')[0] ?? host;
  const found = await list(nova, { hypervisor_hostname_pattern: pattern }, signal).catch((thrown: unknown) => {
    if (thrown instanceof FenixError && thrown.status === 404) return [];
    throw thrown;
  });
  const one = found.find(({ service }) => service.host === host);
  if (one === undefined) return undefined;
  const resources = { vcpus: one.vcpus, memoryMb: one.memory_mb, diskGb: one.local_gb };
  return { host, type: one.hypervisor_type, up: one.state === 'up', address: one.host_ip, resources };
}

async function list(
  nova: ServiceApi,
  query: { readonly hypervisor_hostname_pattern?: string },
  signal: AbortSignal | undefined,
): Promise<NovaHypervisor[]> {
  const options = { query, need: HYPERVISORS, signal };
  return (await nova.get<{ hypervisors: NovaHypervisor[] }>('/os-hypervisors/detail', options)).hypervisors;
}
