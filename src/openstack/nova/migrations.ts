import type { Migration } from '../../workflow/cloud-port.js';
import type { ServiceApi } from '../service-api.js';
import { novaDate } from './date.js';
import { PAGED } from './needs.js';
import { listAll } from './paging.js';

/** Nova API, GET /os-migrations. */
interface NovaMigration {
  readonly id: number;
  readonly uuid: string;
  readonly instance_uuid: string;
  readonly source_compute: string | null;
  readonly dest_compute: string | null;
  readonly migration_type: string;
  readonly status: string;
  readonly created_at: string;
}

/** What Nova itself takes for ended (its `get_in_progress_by_host_and_node`); all else still needs both hosts. */
const ENDED = new Set(['confirmed', 'reverted', 'error', 'failed', 'completed', 'cancelled', 'done']);

/** Migrations of an instance, newest first. */
export async function listMigrations(nova: ServiceApi, instanceId: string, signal?: AbortSignal): Promise<Migration[]> {
  const found = await list(nova, { instance_uuid: instanceId }, signal);
  return found.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || Number(b.id) - Number(a.id));
}

/** Migrations from or to a host that have not ended; VERIFY_RESIZE (`finished`) counts, its source is still needed. */
export async function listUnfinished(nova: ServiceApi, host: string, signal?: AbortSignal): Promise<Migration[]> {
  const found = await list(nova, { host }, signal);
  return found.filter(({ status }) => !ENDED.has(status));
}

/** Ids of instances that were evacuated from a host. When its nova-compute starts again `done` becomes `completed`. */
export async function listEvacuated(nova: ServiceApi, host: string, signal?: AbortSignal): Promise<Set<string>> {
  const found = await list(nova, { host }, signal);
  const isEvacuation = ({ type, status, sourceHost }: Migration): boolean =>
    type === 'evacuation' && status === 'done' && sourceHost === host;
  return new Set(found.filter(isEvacuation).map(({ instanceId }) => instanceId));
}

async function list(
  nova: ServiceApi,
  query: { readonly instance_uuid: string } | { readonly host: string },
  signal?: AbortSignal,
): Promise<Migration[]> {
  const markerOf = (migration: NovaMigration): string => migration.uuid;
  const listing = { path: '/os-migrations', query: { ...query }, key: 'migrations', markerOf };
  const found = await listAll(nova, listing, { need: PAGED, signal });
  return found.map(toMigration);
}

function toMigration(migration: NovaMigration): Migration {
  return {
    id: String(migration.id),
    instanceId: migration.instance_uuid,
    sourceHost: migration.source_compute,
    targetHost: migration.dest_compute,
    type: migration.migration_type,
    status: migration.status,
    createdAt: novaDate(migration.created_at),
  };
}
