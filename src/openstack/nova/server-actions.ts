import type { InstanceEvent } from '../../workflow/cloud-port.js';
import type { ServiceApi } from '../service-api.js';
import type { Need } from '../versions.js';
import { novaDate } from './date.js';
import {
  ABORT_QUEUED,
  ACTIONS_OF_DELETED,
  ASYNC_LIVE,
  BASE,
  COLD_TARGET,
  EVACUATE_CHECKED,
  FORCE_COMPLETE,
} from './needs.js';

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
  await act(nova, id, { confirmResize: null }, BASE, signal);
}

export async function revertResize(nova: ServiceApi, id: string, signal?: AbortSignal): Promise<void> {
  await act(nova, id, { revertResize: null }, BASE, signal);
}

export async function abortLiveMigration(
  nova: ServiceApi,
  id: string,
  migrationId: string,
  signal?: AbortSignal,
): Promise<void> {
  const path = `/servers/${encodeURIComponent(id)}/migrations/${encodeURIComponent(migrationId)}`;
  await nova.send('DELETE', path, { need: ABORT_QUEUED, signal });
}

export async function forceCompleteLiveMigration(
  nova: ServiceApi,
  id: string,
  migrationId: string,
  signal?: AbortSignal,
): Promise<void> {
  const path = `/servers/${encodeURIComponent(id)}/migrations/${encodeURIComponent(migrationId)}/action`;
  await nova.send('POST', path, { body: { force_complete: null }, need: FORCE_COMPLETE, signal });
}

export async function evacuate(nova: ServiceApi, id: string, host: string, signal?: AbortSignal): Promise<void> {
  await act(nova, id, { evacuate: { host } }, EVACUATE_CHECKED, signal);
}

export async function stop(nova: ServiceApi, id: string, signal?: AbortSignal): Promise<void> {
  await act(nova, id, { 'os-stop': null }, BASE, signal);
}

export async function start(nova: ServiceApi, id: string, signal?: AbortSignal): Promise<void> {
  await act(nova, id, { 'os-start': null }, BASE, signal);
}

/** What was done to a server, newest first. */
export async function listInstanceEvents(nova: ServiceApi, id: string, signal?: AbortSignal): Promise<InstanceEvent[]> {
  const path = `/servers/${encodeURIComponent(id)}/os-instance-actions`;
  const options = { need: ACTIONS_OF_DELETED, signal };
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
  wanted: Need,
  signal: AbortSignal | undefined,
): Promise<void> {
  const path = `/servers/${encodeURIComponent(id)}/action`;
  await nova.send('POST', path, { body, signal, need: wanted });
}
