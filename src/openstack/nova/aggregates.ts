import type { Aggregate } from '../../workflow/cloud-port.js';
import type { ServiceApi } from '../service-api.js';
import { BASE } from './needs.js';

interface NovaAggregate {
  readonly id: number;
  readonly name: string;
  readonly hosts: readonly string[];
}

/** Nova API, GET /os-aggregates. */
export async function listAggregates(nova: ServiceApi, signal?: AbortSignal): Promise<Aggregate[]> {
  const { aggregates } = await nova.get<{ aggregates: NovaAggregate[] }>('/os-aggregates', { need: BASE, signal });
  return aggregates.map(({ id, name, hosts }) => ({ id: String(id), name, hosts }));
}

/** Nova API, POST /os-aggregates/{id}/action. */
export async function changeAggregate(
  nova: ServiceApi,
  id: string,
  change: 'add_host' | 'remove_host',
  host: string,
  signal?: AbortSignal,
): Promise<void> {
  const path = `/os-aggregates/${encodeURIComponent(id)}/action`;
  await nova.send('POST', path, { body: { [change]: { host } }, need: BASE, signal });
}
