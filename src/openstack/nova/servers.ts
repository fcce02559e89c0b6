import { FenixError } from '../../common/errors.js';
import type { Resources } from '../../model/index.js';
import type { NewServer, Server } from '../../workflow/cloud-port.js';
import type { ServiceApi } from '../service-api.js';
import { BASE, BOOT_ON_HOST, EMBEDDED_FLAVOR } from './needs.js';
import { listAll } from './paging.js';

/** Nova API, GET /servers/detail with microversion 2.47, the fields read here. */
interface NovaServer {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly tenant_id: string;
  readonly locked: boolean;
  /** Empty text when it was booted from a volume. */
  readonly image: '' | { readonly id: string };
  readonly flavor: NovaFlavor;
  readonly addresses: Readonly<Record<string, readonly { readonly 'OS-EXT-IPS:type'?: string }[]>>;
  readonly 'OS-EXT-AZ:availability_zone': string | null;
  readonly 'OS-EXT-SRV-ATTR:host': string | null;
  readonly 'OS-EXT-STS:vm_state': string;
  readonly 'OS-EXT-STS:task_state': string | null;
}

interface NovaFlavor {
  readonly original_name: string;
  readonly vcpus: number;
  /** MiB. */
  readonly ram: number;
  /** GiB, as is `ephemeral`. */
  readonly disk: number;
  readonly ephemeral: number;
  /** MiB. */
  readonly swap: number;
}

export interface ServerFilter {
  readonly host?: string;
}

/** Servers of all projects, without soft-deleted ones. */
export async function listServers(nova: ServiceApi, filter: ServerFilter, signal?: AbortSignal): Promise<Server[]> {
  return list(nova, { ...filter }, signal);
}

/** SOFT_DELETED servers of a host: Nova lists them among the deleted ones only, whatever status is asked for. */
export async function listSoftDeleted(nova: ServiceApi, host: string, signal?: AbortSignal): Promise<Server[]> {
  const found = await list(nova, { host, deleted: true, status: 'SOFT_DELETED' }, signal);
  return found.filter((server) => server.status === 'SOFT_DELETED');
}

/** Nova takes a name for a regular expression. */
export async function listServersNamed(nova: ServiceApi, name: string, signal?: AbortSignal): Promise<Server[]> {
  const pattern = `^${name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`;
  return (await list(nova, { name: pattern }, signal)).filter((server) => server.name === name);
}

/** Nova API, POST /servers. @returns the server's id */
export async function bootServer(nova: ServiceApi, wanted: NewServer, signal?: AbortSignal): Promise<string> {
  const { name, host, image: imageRef, flavor: flavorRef, network } = wanted;
  const networks = network === undefined ? 'none' : [{ uuid: network }];
  const body = { server: { name, host, imageRef, flavorRef, networks } };
  const answer = await nova.send<{ server: { id: string } }>('POST', '/servers', { body, need: BOOT_ON_HOST, signal });
  return answer.server.id;
}

/** Nova API, DELETE /servers/{id}. */
export async function deleteServer(nova: ServiceApi, id: string, signal?: AbortSignal): Promise<void> {
  await nova.send('DELETE', `/servers/${encodeURIComponent(id)}`, { need: BASE, signal });
}

/** Undefined if Nova has no such server. */
export async function findServer(nova: ServiceApi, id: string, signal?: AbortSignal): Promise<Server | undefined> {
  try {
    const path = `/servers/${encodeURIComponent(id)}`;
    const { server } = await nova.get<{ server: NovaServer }>(path, { need: EMBEDDED_FLAVOR, signal });
    return toServer(server);
  } catch (thrown) {
    // A 404 of the server; a missing endpoint is `missing` too, but has no status.
    if (thrown instanceof FenixError && thrown.status === 404) return undefined;
    throw thrown;
  }
}

async function list(
  nova: ServiceApi,
  filter: { readonly host?: string; readonly name?: string; readonly deleted?: boolean; readonly status?: string },
  signal?: AbortSignal,
): Promise<Server[]> {
  const markerOf = (server: NovaServer): string => server.id;
  const listing = { path: '/servers/detail', query: { all_tenants: 1, ...filter }, key: 'servers', markerOf };
  const servers = await listAll(nova, listing, { need: EMBEDDED_FLAVOR, signal });
  return servers.map(toServer).filter(({ host }) => filter.host === undefined || host === filter.host);
}

function toServer(server: NovaServer): Server {
  return {
    id: server.id,
    name: server.name,
    projectId: server.tenant_id,
    host: server['OS-EXT-SRV-ATTR:host'] || null,
    status: server.status,
    vmState: server['OS-EXT-STS:vm_state'],
    taskState: server['OS-EXT-STS:task_state'],
    zone: server['OS-EXT-AZ:availability_zone'] ?? '',
    flavorName: server.flavor.original_name,
    resources: resourcesOf(server),
    locked: server.locked,
    hasFloatingIp: Object.values(server.addresses)
      .flat()
      .some((address) => address['OS-EXT-IPS:type'] === 'floating'),
  };
}

/** As Nova asks Placement for them: swap in whole GB, no root disk for a server that was booted from a volume. */
function resourcesOf({ flavor, image }: NovaServer): Resources {
  const rootGb = image === '' ? 0 : flavor.disk;
  return {
    vcpus: flavor.vcpus,
    memoryMb: flavor.ram,
    diskGb: rootGb + flavor.ephemeral + Math.ceil(flavor.swap / 1024),
  };
}
