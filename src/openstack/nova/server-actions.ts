import type { InstanceEvent } from '../../workflow/cloud-port.js';
import type { ServiceApi, Version } from '../service-api.js';
import { novaDate } from './date.js';

/** 2.56: a cold migration takes a target. */
const COLD_TARGET: Version = [2, 56];
/** 2.34: a live migration answers before its checks; 2.30: the target is checked by the scheduler unless forced. */
const ASYNC_LIVE: Version = [2, 34];
/** 2.29: the target of an evacuation is checked by the scheduler unless forced; no word on shared storage since 2.14. */
const EVACUATE_CHECKED: Version = [2, 29];
/** 2.65: a live migration that is still queued can be aborted as well. */
const ABORT_QUEUED: Version = [2, 65];
/** 2.21: also of deleted servers. */
const ACTIONS_OF_DELETED: Version = [2, 21];

/** Nova API, GET /servers/{id}/os-instance-actions. */
interface NovaAction {
  readonly action: string;
  readonly request_id: string;
  readonly message: string | null;
  readonly start_time: string;
}

export async function migrate(nova: ServiceApi, id: string, host: string, signal?: AbortSignal): Promise<void> {
  await act(nova, id, { migrate: { host } }, COLD_TARGET, signal);
}

export async function liveMigrate(nova: ServiceApi, id: string, host: string, signal?: AbortSignal): Promise<void> {
  await act(nova, id, { 'os-migrateLive': { host, block_migration: 'auto' } }, ASYNC_LIVE, signal);
}

export async function confirmResize(nova: ServiceApi, id: string, signal?: AbortSignal): Promise<void> {
  await act(nova, id, { confirmResize: null }, undefined, signal);
}

export async function revertResize(nova: ServiceApi, id: string, signal?: AbortSignal): Promise<void> {
  await act(nova, id, { revertResize: null }, undefined, signal);
}

export async function abortLiveMigration(
  nova: ServiceApi,
  id: string,
  migrationId: string,
  signal?: AbortSignal,
): Promise<void> {
  const path = `/servers/${encodeURIComponent(id)}/migrations/${encodeURIComponent(migrationId)}`;
  await nova.send('DELETE', path, { version: ABORT_QUEUED, signal });
}

export async function evacuate(nova: ServiceApi, id: string, host: string, signal?: AbortSignal): Promise<void> {
  await act(nova, id, { evacuate: { host } }, EVACUATE_CHECKED, signal);
}

export async function stop(nova: ServiceApi, id: string, signal?: AbortSignal): Promise<void> {
  await act(nova, id, { 'os-stop': null }, undefined, signal);
}

export async function start(nova: ServiceApi, id: string, signal?: AbortSignal): Promise<void> {
  await act(nova, id, { 'os-start': null }, undefined, signal);
}

/** What was done to a server, newest first. */
export async function listInstanceEvents(nova: ServiceApi, id: string, signal?: AbortSignal): Promise<InstanceEvent[]> {
  const path = `/servers/${encodeURIComponent(id)}/os-instance-actions`;
  const options = { version: ACTIONS_OF_DELETED, signal };
  const { instanceActions } = await nova.get<{ instanceActions: NovaAction[] }>(path, options);
  return instanceActions
    .map((event) => ({
      action: event.action,
      requestId: event.request_id,
      message: event.message,
      startedAt: novaDate(event.start_time),
    }))
    .sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime());
}

async function act(
  nova: ServiceApi,
  id: string,
  body: object,
  version: Version | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const path = `/servers/${encodeURIComponent(id)}/action`;
  await nova.send('POST', path, { body, signal, ...(version === undefined ? {} : { version }) });
}
