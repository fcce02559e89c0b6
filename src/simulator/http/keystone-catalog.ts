import type { Endpoints } from './app.js';

export interface ServiceRecord {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly enabled: boolean;
}

export interface EndpointRecord {
  readonly id: string;
  readonly service_id: string;
  readonly interface: string;
  readonly region_id: string;
  readonly url: string;
  readonly enabled: boolean;
}

export const REGION = 'RegionOne';

/** Services and endpoints: those that the simulator has by itself, with what was added and changed through Keystone. */
export class ServiceCatalog {
  private readonly addedServices: ServiceRecord[] = [];
  private readonly addedEndpoints: EndpointRecord[] = [];
  private readonly changes = new Map<string, object>();

  constructor(private readonly own: () => Endpoints) {}

  services(): ServiceRecord[] {
    return [...ownServices(this.own()), ...this.addedServices].map((one) => this.changed(one));
  }

  endpoints(): EndpointRecord[] {
    return [...ownEndpoints(this.own()), ...this.addedEndpoints].map((one) => this.changed(one));
  }

  addService(service: ServiceRecord): void {
    this.addedServices.push(service);
  }

  addEndpoint(endpoint: EndpointRecord): void {
    this.addedEndpoints.push(endpoint);
  }

  change(id: string, fields: object): void {
    this.changes.set(id, { ...this.changes.get(id), ...fields });
  }

  /** As it stands in tokens. */
  view(): object[] {
    const endpoints = this.endpoints().filter(({ enabled }) => enabled);
    const services = this.services().filter(({ enabled }) => enabled);
    return services.map(({ id, type, name }) => ({
      endpoints: endpoints
        .filter((endpoint) => endpoint.service_id === id)
        .map((endpoint) => ({
          id: endpoint.id,
          interface: endpoint.interface,
          region_id: endpoint.region_id,
          url: endpoint.url,
          region: endpoint.region_id,
        })),
      id,
      type,
      name,
    }));
  }

  private changed<Item extends { readonly id: string }>(item: Item): Item {
    return { ...item, ...this.changes.get(item.id) };
  }
}

const NAMES = {
  placement: 'placement',
  alarming: 'aodh',
  compute: 'nova',
  identity: 'keystone',
  maintenance: 'fenix',
  'instance-ha': 'masakari',
};

function types(endpoints: Endpoints): (keyof typeof NAMES)[] {
  const known = Object.keys(NAMES) as (keyof typeof NAMES)[];
  return known.filter((type) => endpoints[type] !== undefined);
}

function ownServices(endpoints: Endpoints): ServiceRecord[] {
  return types(endpoints).map((type) => ({ id: fixedId(type), type, name: NAMES[type], enabled: true }));
}

/** The service under test has a public endpoint only (v1 §7). */
function ownEndpoints(endpoints: Endpoints): EndpointRecord[] {
  return types(endpoints).flatMap((type) =>
    (type === 'maintenance' ? ['public'] : ['internal', 'public', 'admin']).map((side) => ({
      id: fixedId(`${type}-${side}`),
      service_id: fixedId(type),
      interface: side,
      region_id: REGION,
      url: endpoints[type] ?? '',
      enabled: true,
    })),
  );
}

/** 32 hexadecimal digits that are the same each time. */
function fixedId(text: string): string {
  return Buffer.from(text.padEnd(16, '-')).toString('hex').slice(-32);
}
