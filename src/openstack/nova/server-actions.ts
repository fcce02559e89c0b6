import type { InstanceEvent } from '../../workflow/cloud-port.js';
import type { ServiceApi } from '../service-api.js';
import { type Need, need } from '../versions.js';
import { novaDate } from './date.js';

/** 2.56: a cold migration takes a target. */
const COLD_TARGET = need(2, 56, 'to migrate an instance to a named host');
/** What has been there since the first version of the API. */
const BASE = need(2, 1, 'to act on servers');
/** 2.34: a live migration answers before its checks; 2.30: the target is checked by the scheduler unless forced. */
const ASYNC_LIVE = need(2, 34, 'to migrate an instance live without waiting for its checks');
/** 2.29: the target of an evacuation is checked by the scheduler unless forced; no word on shared storage since 2.14. */
const EVACUATE_CHECKED = need(2, 29, 'to evacuate an instance to a host that is checked');
/** 2.65: a live migration that is still queued can be aborted as well. */
const ABORT_QUEUED = need(2, 65, 'to abort a live migration that is queued');
const FORCE_COMPLETE = need(2, 22, 'to force a live migration to its end');
/** 2.21: also of deleted servers. */
const ACTIONS_OF_DELETED = need(2, 21, 'to see what was done to deleted servers');

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
