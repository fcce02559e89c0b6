import type { Request } from 'express';
import { fitsIn, type Resources, subtractResources } from '../../model/index.js';
import type { Cloud } from '../cloud.js';
import type { ComputeHost } from '../records.js';
import { Refusal } from '../refusal.js';
import { byClass, traitsOf } from './placement-view.js';
import { query, queryAll } from './wire.js';

const CLASSES: Readonly<Record<string, keyof Resources>> = {
  VCPU: 'vcpus',
  MEMORY_MB: 'memoryMb',
  DISK_GB: 'diskGb',
};

/** GET /allocation_candidates (1.10): `resources`, `in_tree` (1.31), `required` (1.17; `!` 1.22; repeated 1.39), `limit`. */
export function candidates(cloud: Cloud, request: Request, minor: number): object {
  if (minor < 10) throw new Refusal(404, 'The resource could not be found.');
  const wanted = resources(query(request, 'resources'));
  const traits = required(queryAll(request, 'required'), minor);
  const tree = query(request, 'in_tree');
  const limit = Number(query(request, 'limit') ?? Number.POSITIVE_INFINITY);
  const hosts = [...cloud.hosts.values()]
    .filter((host) => tree === undefined || host.providerId === tree)
    .filter((host) => allows(host, traits) && fitsIn(wanted.amounts, room(cloud, host)))
    .slice(0, limit);
  return {
    allocation_requests: hosts.map(({ providerId }) => ({
      allocations: { [providerId]: { resources: wanted.asGiven } },
      ...(minor >= 34 ? { mappings: { '': [providerId] } } : {}),
    })),
    provider_summaries: Object.fromEntries(hosts.map((host) => [host.providerId, summary(cloud, host)])),
  };
}

function room(cloud: Cloud, host: ComputeHost): Resources {
  return subtractResources(host.capacity, cloud.allocations.used(host.name));
}

function resources(text: string | undefined): { amounts: Resources; asGiven: Record<string, number> } {
  if (text === undefined || text === '')
    throw new Refusal(400, "Badly formed resources parameter: 'resources' is required.");
  const amounts = { vcpus: 0, memoryMb: 0, diskGb: 0 };
  const asGiven: Record<string, number> = {};
  for (const part of text.split(',')) {
    const [name = '', amount = ''] = part.split(':');
    const key = CLASSES[name];
    if (key === undefined) throw new Refusal(400, `Invalid resource class in resources parameter: ${name}`);
    if (!/^[1-9]\d*$/.test(amount))
      throw new Refusal(400, `Requested resource ${name} expected positive integer amount. Got: ${amount}.`);
    amounts[key] = Number(amount);
    asGiven[name] = Number(amount);
  }
  return { amounts, asGiven };
}

interface Required {
  readonly present: readonly string[];
  readonly absent: readonly string[];
}

function required(values: readonly string[], minor: number): Required {
  if (values.length > 1 && minor < 39)
    throw new Refusal(400, 'The parameter required can be repeated from microversion 1.39 on.');
  const names = values.flatMap((value) => value.split(',')).map((name) => name.trim());
  return {
    present: names.filter((name) => !name.startsWith('!')),
    absent: names.filter((name) => name.startsWith('!')).map((name) => name.slice(1)),
  };
}

function allows(host: ComputeHost, { present, absent }: Required): boolean {
  const traits = traitsOf(host);
  return present.every((name) => traits.includes(name)) && !absent.some((name) => traits.includes(name));
}

function summary(cloud: Cloud, host: ComputeHost): object {
  const capacity = Object.entries(byClass(host.capacity, (amount) => amount));
  const used = byClass(cloud.allocations.used(host.name), (amount) => amount);
  return {
    resources: Object.fromEntries(capacity.map(([name, amount]) => [name, { capacity: amount, used: used[name] }])),
    traits: traitsOf(host),
    parent_provider_uuid: null,
    root_provider_uuid: host.providerId,
  };
}
