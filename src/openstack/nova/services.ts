import { FenixError } from '../../common/errors.js';
import type { ComputeService } from '../../workflow/cloud-port.js';
import type { ServiceApi } from '../service-api.js';
import { CELL_DOWN, SERVICE_UUID } from './needs.js';

/** Nova's column; a longer text would be refused. */
const LONGEST_REASON = 255;

/** Nova API, GET /os-services. */
interface NovaService {
  readonly id: string;
  readonly binary: string;
  readonly host: string;
  readonly zone: string;
  readonly status: string;
  readonly state: string;
  readonly disabled_reason: string | null;
}

const BINARIES: readonly string[] = ['nova-compute', 'nova-conductor'];

export async function listServices(nova: ServiceApi, signal?: AbortSignal): Promise<ComputeService[]> {
  const { services } = await nova.get<{ services: NovaService[] }>('/os-services', { need: SERVICE_UUID, signal });
  return services.filter(({ binary }) => BINARIES.includes(binary)).map(toService);
}

/**
 * Makes sure that the cell of a host answers: Nova leaves out the servers of one that does not.
 * @throws FenixError `transient`, `cell-down`
 */
export async function assertCellAnswers(nova: ServiceApi, host: string, signal?: AbortSignal): Promise<void> {
  const query = { binary: 'nova-compute', host };
  const options = { query, need: CELL_DOWN, signal };
  const { services } = await nova.get<{ services: Pick<NovaService, 'status'>[] }>('/os-services', options);
  if (services.some(({ status }) => status === 'UNKNOWN')) {
    throw new FenixError('transient', 'cell-down', `The Nova cell of ${host} cannot be asked now`);
  }
}

export async function disableService(
  nova: ServiceApi,
  id: string,
  reason: string,
  signal?: AbortSignal,
): Promise<void> {
  const body = { status: 'disabled', disabled_reason: reason.slice(0, LONGEST_REASON) };
  await nova.send('PUT', `/os-services/${encodeURIComponent(id)}`, { body, need: SERVICE_UUID, signal });
}

export async function enableService(nova: ServiceApi, id: string, signal?: AbortSignal): Promise<void> {
  const body = { status: 'enabled' };
  await nova.send('PUT', `/os-services/${encodeURIComponent(id)}`, { body, need: SERVICE_UUID, signal });
}

/** With it go the host's hypervisor, its place in aggregates and its resource provider. Nova API, DELETE /os-services/{id}. */
export async function deleteService(nova: ServiceApi, id: string, signal?: AbortSignal): Promise<void> {
  await nova.send('DELETE', `/os-services/${encodeURIComponent(id)}`, { need: SERVICE_UUID, signal });
}

function toService(service: NovaService): ComputeService {
  return {
    id: service.id,
    binary: service.binary,
    host: service.host,
    zone: service.zone,
    enabled: service.status === 'enabled',
    disabledReason: service.disabled_reason,
    up: service.state === 'up',
  };
}
