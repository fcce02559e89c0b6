import type { Resources } from '../../model/index.js';
import type { Proof } from '../../workflow/cloud-port.js';
import type { ServiceApi } from '../service-api.js';
import { byClass } from './classes.js';
import { IN_TREE } from './needs.js';
import { findProvider } from './providers.js';

/** Nova sets it on the provider of a disabled compute service, and takes it away some time after enabling. */
const NOT_DISABLED = '!COMPUTE_STATUS_DISABLED';

/** Whether Placement would give `wanted` on `host` now (GET /allocation_candidates). */
export async function prove(
  placement: ServiceApi,
  host: string,
  wanted: Resources,
  signal?: AbortSignal,
): Promise<Proof> {
  const provider = await findProvider(placement, host, signal);
  if (provider === undefined) return { fits: false, why: `Placement has no resource provider of host ${host}` };
  const query = { resources: asked(wanted), in_tree: provider.uuid, limit: 1 };
  if (await hasCandidate(placement, { ...query, required: NOT_DISABLED }, signal)) return { fits: true };
  const disabled = await hasCandidate(placement, query, signal);
  const why = disabled
    ? `Placement sees ${host} as disabled`
    : `Placement has no room for ${query.resources} on ${host}`;
  return { fits: false, why };
}

async function hasCandidate(
  placement: ServiceApi,
  query: Readonly<Record<string, string | number>>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const options = { query, need: IN_TREE, signal };
  const answer = await placement.get<{ allocation_requests: object[] }>('/allocation_candidates', options);
  return answer.allocation_requests.length > 0;
}

function asked(wanted: Resources): string {
  const classes = Object.entries(byClass(wanted));
  return classes.map(([name, amount]) => `${name}:${amount}`).join(',');
}
