import { sameHost } from '../../model/index.js';
import type { GuardedHost } from '../../workflow/cloud-port.js';
import type { ServiceApi } from '../service-api.js';

interface MasakariHost {
  readonly uuid: string;
  readonly name: string;
  readonly on_maintenance: boolean;
}

/** Masakari's own upper limit of a page, unless the operator changed it. */
const PAGE_SIZE = 1000;

/** The host in every failover segment that has it. Masakari API v1, GET /segments and GET /segments/{id}/hosts. */
export async function listGuardedHosts(
  masakari: ServiceApi,
  host: string,
  signal?: AbortSignal,
): Promise<GuardedHost[]> {
  const segments = await listAll<{ uuid: string }>(masakari, '/segments', 'segments', signal);
  const found = await Promise.all(
    segments.map(async ({ uuid: segmentId }) => {
      const hosts = await listAll<MasakariHost>(masakari, `/segments/${segmentId}/hosts`, 'hosts', signal);
      return hosts
        .filter(({ name }) => sameHost(name, host))
        .map(({ uuid: id, name, on_maintenance: onMaintenance }) => ({ id, segmentId, host: name, onMaintenance }));
    }),
  );
  return found.flat();
}

/** Masakari API v1, PUT /segments/{id}/hosts/{id}. */
export async function setOnMaintenance(
  masakari: ServiceApi,
  { id, segmentId }: GuardedHost,
  onMaintenance: boolean,
  signal?: AbortSignal,
): Promise<void> {
  const body = { host: { on_maintenance: onMaintenance } };
  await masakari.send('PUT', `/segments/${segmentId}/hosts/${id}`, { body, signal });
}

async function listAll<Item extends { readonly uuid: string }>(
  masakari: ServiceApi,
  path: string,
  key: string,
  signal: AbortSignal | undefined,
): Promise<Item[]> {
  const items: Item[] = [];
  for (let marker: string | undefined; ; ) {
    const query = { limit: PAGE_SIZE, marker };
    const page = (await masakari.get<Record<string, Item[]>>(path, { query, signal }))[key] ?? [];
    items.push(...page);
    // It gives no links; a page may be shorter than asked for, and the last one is empty.
    const last = page.at(-1)?.uuid;
    if (last === undefined || last === marker) return items;
    marker = last;
  }
}
