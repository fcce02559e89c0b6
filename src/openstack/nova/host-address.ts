import { FenixError } from '../../common/errors.js';
import type { ServiceApi } from '../service-api.js';
import { HYPERVISORS } from './needs.js';

interface Answer {
  readonly hypervisors: readonly { readonly host_ip: string | null; readonly service: { readonly host: string } }[];
}

/**
 * `my_ip` of the host's nova-compute. Nova API, GET /os-hypervisors/detail; the pattern, of 2.53, only keeps the answer
 * small: the hypervisor's own name may be another form of the host's.
 */
export async function findHostAddress(
  nova: ServiceApi,
  host: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const query = { hypervisor_hostname_pattern: host.split('.')[0] ?? host };
  try {
    const { hypervisors } = await nova.get<Answer>('/os-hypervisors/detail', { query, need: HYPERVISORS, signal });
    return hypervisors.find(({ service }) => service.host === host)?.host_ip ?? undefined;
  } catch (error) {
    // No hypervisor has such a name.
    if (error instanceof FenixError && error.kind === 'missing') return undefined;
    throw error;
  }
}
