import { FenixError } from '../../common/errors.js';
import { type HeldRoom, NO_ROOM_TO_HOLD } from '../../workflow/cloud-port.js';
import type { ServiceApi } from '../service-api.js';
import { byClass } from './classes.js';
import { CONSUMER_TYPES } from './needs.js';
import { findProvider, listConsumers, listRoots } from './providers.js';

/** By which consumers are known as placeholders, also to people (`openstack resource provider allocation show`). */
const CONSUMER_TYPE = 'FENIX_PLACEHOLDER';
/** Placement's code of a conflict with another change, as opposed to one for want of room. */
const CONCURRENT = 'placement.concurrent_update';

/** Placement API, GET /allocations/{consumer_uuid}; without type where there is no allocation. */
interface Allocations {
  readonly allocations: Readonly<Record<string, { readonly resources: Readonly<Record<string, number>> }>>;
  readonly consumer_type?: string;
}

/** Whose allocations they are, ids. */
export interface Owner {
  readonly projectId: string;
  readonly userId: string;
}

/** PUT /allocations/{consumer_uuid}, for a consumer that is new. @throws FenixError as `CloudPort.holdRoom` says */
export async function holdRoom(
  placement: ServiceApi,
  { projectId, userId }: Owner,
  { consumer, host, resources }: HeldRoom,
  signal?: AbortSignal,
): Promise<void> {
  const provider = await findProvider(placement, host, signal);
  if (provider === undefined)
    throw new FenixError('terminal', NO_ROOM_TO_HOLD, `Placement has no resource provider of host ${host}.`);
  const body = {
    allocations: { [provider.uuid]: { resources: byClass(resources) } },
    project_id: projectId,
    user_id: userId,
    consumer_generation: null,
    consumer_type: CONSUMER_TYPE,
  };
  try {
    await placement.send('PUT', pathOf(consumer), { body, need: CONSUMER_TYPES, signal });
  } catch (error) {
    if (!(error instanceof FenixError) || error.kind !== 'conflict' || error.serviceCode === CONCURRENT) throw error;
    throw new FenixError('terminal', NO_ROOM_TO_HOLD, error.message, { cause: error });
  }
}

/** DELETE /allocations/{consumer_uuid}. */
export async function letRoomGo(placement: ServiceApi, consumer: string, signal?: AbortSignal): Promise<void> {
  try {
    await placement.send('DELETE', pathOf(consumer), { need: CONSUMER_TYPES, signal });
  } catch (error) {
    if (!(error instanceof FenixError && error.kind === 'missing')) throw error;
  }
}

export async function holdsRoom(placement: ServiceApi, consumer: string, signal?: AbortSignal): Promise<boolean> {
  const { allocations } = await read(placement, consumer, signal);
  return Object.keys(allocations).length > 0;
}

/** @param known consumers that are none, most of all: ids of servers */
export async function listHeldRooms(
  placement: ServiceApi,
  known: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<HeldRoom[]> {
  const providers = await listRoots(placement, signal);
  const consumers = await Promise.all(providers.map((provider) => listConsumers(placement, provider, signal)));
  const names = new Map(providers.map(({ uuid, name }) => [uuid, name]));
  const unknown = [...new Set(consumers.flat())].filter((consumer) => !known.has(consumer));
  const read = await Promise.all(unknown.map((consumer) => roomsOf(placement, consumer, names, signal)));
  return read.flat();
}

async function roomsOf(
  placement: ServiceApi,
  consumer: string,
  names: ReadonlyMap<string, string>,
  signal: AbortSignal | undefined,
): Promise<HeldRoom[]> {
  const { allocations, consumer_type: type } = await read(placement, consumer, signal);
  if (type !== CONSUMER_TYPE) return [];
  return Object.entries(allocations).map(([uuid, { resources }]) => {
    const { VCPU = 0, MEMORY_MB = 0, DISK_GB = 0 } = resources;
    return {
      consumer,
      host: names.get(uuid) ?? uuid,
      resources: { vcpus: VCPU, memoryMb: MEMORY_MB, diskGb: DISK_GB },
    };
  });
}

function read(placement: ServiceApi, consumer: string, signal: AbortSignal | undefined): Promise<Allocations> {
  return placement.get<Allocations>(pathOf(consumer), { need: CONSUMER_TYPES, signal });
}

function pathOf(consumer: string): string {
  return `/allocations/${encodeURIComponent(consumer)}`;
}
