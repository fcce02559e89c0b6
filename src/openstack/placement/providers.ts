import { FenixError } from '../../common/errors.js';
import { hostNamed, type Resources, sameHost } from '../../model/index.js';
import type { ServiceApi } from '../service-api.js';
import { FIRST, TREES } from './needs.js';

/** Placement API, GET /resource_providers. */
export interface Provider {
  readonly uuid: string;
  readonly name: string;
  /** Grows with every change of inventories or allocations. */
  readonly generation: number;
  readonly parent_provider_uuid: string | null;
}

interface Inventory {
  readonly total: number;
  readonly reserved: number;
  readonly allocation_ratio: number;
}
type Inventories = Readonly<Record<string, Inventory | undefined>>;

/** Providers that are no part of another one. */
export async function listRoots(placement: ServiceApi, signal?: AbortSignal): Promise<Provider[]> {
  return (await list(placement, {}, signal)).filter((provider) => provider.parent_provider_uuid === null);
}

/**
 * The compute node of a host, by its name or its other form; undefined if Placement knows none.
 * @throws FenixError `terminal`, `host-ambiguous`, when it knows several: a full host must not look empty
 */
export async function findProvider(
  placement: ServiceApi,
  host: string,
  signal?: AbortSignal,
): Promise<Provider | undefined> {
  const [exact] = await list(placement, { name: host }, signal);
  if (exact !== undefined) return exact;
  const roots = await listRoots(placement, signal);
  const provider = hostNamed(host, roots, ({ name }) => name);
  if (provider === undefined && roots.some(({ name }) => sameHost(name, host))) {
    throw new FenixError('terminal', 'host-ambiguous', `Placement has several resource providers that may be ${host}`);
  }
  return provider;
}

/** Takes a compute node, and what is within it, out of Placement; refused while anything is allocated there. */
export async function deleteTree(placement: ServiceApi, root: Provider, signal?: AbortSignal): Promise<void> {
  const left = await list(placement, { in_tree: root.uuid }, signal);
  while (left.length > 0) {
    const parents = new Set(left.map(({ parent_provider_uuid: parent }) => parent));
    // Placement deletes none that has others within it.
    const next = left.findIndex(({ uuid }) => !parents.has(uuid));
    const [leaf] = left.splice(Math.max(0, next), 1);
    await placement.send('DELETE', `/resource_providers/${leaf?.uuid}`, { need: FIRST, signal });
  }
}

/** What a provider can give in all; undefined for one that is no compute node (a storage pool, say). */
export async function readCapacity(
  placement: ServiceApi,
  provider: Provider,
  signal?: AbortSignal,
): Promise<Resources | undefined> {
  const path = `/resource_providers/${provider.uuid}/inventories`;
  const { inventories } = await placement.get<{ inventories: Inventories }>(path, { need: FIRST, signal });
  const { VCPU, MEMORY_MB, DISK_GB } = inventories;
  if (VCPU === undefined && MEMORY_MB === undefined) return undefined;
  return { vcpus: capacityOf(VCPU), memoryMb: capacityOf(MEMORY_MB), diskGb: capacityOf(DISK_GB) };
}

/** Consumers with an allocation from a provider: instances, and migrations that hold the source's share. */
export async function listConsumers(
  placement: ServiceApi,
  provider: Provider,
  signal?: AbortSignal,
): Promise<string[]> {
  const path = `/resource_providers/${provider.uuid}/allocations`;
  const { allocations } = await placement.get<{ allocations: object }>(path, { need: FIRST, signal });
  return Object.keys(allocations);
}

async function list(
  placement: ServiceApi,
  query: { name?: string; in_tree?: string },
  signal?: AbortSignal,
): Promise<Provider[]> {
  const options = { query, need: TREES, signal };
  const answer = await placement.get<{ resource_providers: Provider[] }>('/resource_providers', options);
  return answer.resource_providers;
}

/** As Placement reckons it. */
function capacityOf(inventory: Inventory | undefined): number {
  if (inventory === undefined) return 0;
  return Math.floor((inventory.total - inventory.reserved) * inventory.allocation_ratio);
}
