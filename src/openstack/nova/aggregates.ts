import type { Aggregate } from '../../workflow/cloud-port.js';
import type { ServiceApi } from '../service-api.js';
import { BASE, HYPERVISORS } from './needs.js';

/** Nova API, GET /os-aggregates. */
export async function listAggregates(nova: ServiceApi, signal?: AbortSignal): Promise<Aggregate[]> {
  const { aggregates } = await nova.get<{ aggregates: Aggregate[] }>('/os-aggregates', { need: BASE, signal });
  return aggregates.map(({ name, hosts }) => ({ name, hosts }));
}

/** Hosts whose hypervisor is Ironic: their "instances" are machines. Nova API, GET /os-hypervisors/detail. */
export async function listIronicHosts(nova: ServiceApi, signal?: AbortSignal): Promise<string[]> {
  interface Answer {
    readonly hypervisors: readonly { readonly hypervisor_type: string; readonly service: { readonly host: string } }[];
  }
  const { hypervisors } = await nova.get<Answer>('/os-hypervisors/detail', { need: HYPERVISORS, signal });
  const ironic = hypervisors.filter(({ hypervisor_type: type }) => type === 'ironic');
  return [...new Set(ironic.map(({ service }) => service.host))];
}
