import type { Resources } from '../../model/index.js';
import type { ServiceApi } from '../service-api.js';
import { listRoots, type Provider, readCapacity } from './providers.js';

interface Known {
  readonly generation: number;
  readonly capacity: Resources | undefined;
}

/** Capacities of all compute nodes; only providers that changed since the last time are asked again. */
export class Capacities {
  private known = new Map<string, Known>();

  constructor(private readonly placement: ServiceApi) {}

  async read(signal?: AbortSignal): Promise<{ name: string; capacity: Resources }[]> {
    const providers = await listRoots(this.placement, signal);
    // The session bounds how many requests are under way to a service.
    const read = await Promise.all(providers.map((provider) => this.one(provider, signal)));
    this.known = new Map(providers.map((provider, index) => [provider.uuid, read[index] as Known]));
    return providers.flatMap((provider, index) => {
      const capacity = read[index]?.capacity;
      return capacity === undefined ? [] : [{ name: provider.name, capacity }];
    });
  }

  private async one(provider: Provider, signal?: AbortSignal): Promise<Known> {
    const known = this.known.get(provider.uuid);
    if (known?.generation === provider.generation) return known;
    // The listing's generation: what changed in between is seen the next time.
    return { generation: provider.generation, capacity: await readCapacity(this.placement, provider, signal) };
  }
}
