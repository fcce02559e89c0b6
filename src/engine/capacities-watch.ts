import { plusSeconds } from '../common/clock.js';
import type { CloudPort, ComputeService, HostCapacity } from '../workflow/cloud-port.js';

/** Inventories change by an operator's hand, rarely; Placement's own word is asked before every move anyway. */
const MAX_AGE_S = 300;
/** A host that has just come gets its inventory a little after its service: so often it is looked for … */
const LOOK_AGAIN_S = 10;
/** … and for so long. Services of Ironic never have one. */
const EXPECTED_FOR_S = 300;

/** What hosts can give, read seldom: anew when a host has come that is not among them. */
export class CapacitiesWatch {
  private known: { readonly at: Date; readonly list: readonly HostCapacity[] } | undefined;
  /** Hosts that run nova-compute and have no inventory, with the time since when that is known. */
  private readonly lacking = new Map<string, Date>();

  constructor(private readonly cloud: Pick<CloudPort, 'capacities'>) {}

  /** Hosts have come or gone: what is known tells nothing any more. */
  forget(): void {
    this.known = undefined;
  }

  async read(now: Date, services: readonly ComputeService[]): Promise<readonly HostCapacity[]> {
    const hosts = services.filter(({ binary, up }) => binary === 'nova-compute' && up).map(({ host }) => host);
    if (this.known !== undefined && this.isGood(this.known, hosts, now)) return this.known.list;
    const list = await this.cloud.capacities();
    this.known = { at: now, list };
    this.note(hosts, list, now);
    return list;
  }

  private isGood({ at, list }: NonNullable<typeof this.known>, hosts: readonly string[], now: Date): boolean {
    if (now >= plusSeconds(at, MAX_AGE_S)) return false;
    const missing = missingIn(list, hosts);
    if (missing.some((host) => !this.lacking.has(host))) return false;
    const isExpected = (host: string): boolean => now < plusSeconds(this.lacking.get(host) as Date, EXPECTED_FOR_S);
    return now < plusSeconds(at, LOOK_AGAIN_S) || !missing.some(isExpected);
  }

  private note(hosts: readonly string[], list: readonly HostCapacity[], now: Date): void {
    const missing = new Set(missingIn(list, hosts));
    for (const host of this.lacking.keys()) if (!missing.has(host)) this.lacking.delete(host);
    for (const host of missing) if (!this.lacking.has(host)) this.lacking.set(host, now);
  }
}

function missingIn(list: readonly HostCapacity[], hosts: readonly string[]): string[] {
  const known = new Set(list.map(({ host }) => host));
  return hosts.filter((host) => !known.has(host));
}
