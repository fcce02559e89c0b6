import type { Rest } from '../cloud/rest.js';

export interface NovaServer {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly tenant_id: string;
  readonly 'OS-EXT-SRV-ATTR:host': string;
  readonly 'OS-EXT-STS:task_state': string | null;
  readonly addresses: Readonly<Record<string, readonly { readonly 'OS-EXT-IPS:type': string }[]>>;
}

export interface NovaService {
  readonly id: string;
  readonly host: string;
  readonly status: string;
  readonly state: string;
  readonly disabled_reason: string | null;
}

export interface NovaMigration {
  readonly id: number;
  readonly instance_uuid: string;
  readonly source_compute: string;
  readonly dest_compute: string | null;
  readonly migration_type: string;
  readonly status: string;
  readonly created_at: string;
  readonly updated_at: string | null;
}

/** Nova's own lists, as its admin sees them. */
export class NovaLists {
  constructor(private readonly admin: Rest) {}

  async servers(): Promise<NovaServer[]> {
    const path = '/servers/detail?all_tenants=1';
    return (await this.admin.get<{ servers: NovaServer[] }>('compute', path, 'compute 2.53')).servers;
  }

  async server(id: string): Promise<NovaServer> {
    return (await this.admin.get<{ server: NovaServer }>('compute', `/servers/${id}`, 'compute 2.53')).server;
  }

  async computes(): Promise<NovaService[]> {
    const path = '/os-services?binary=nova-compute';
    const { services } = await this.admin.get<{ services: NovaService[] }>('compute', path, 'compute 2.53');
    return services.sort((a, b) => a.host.localeCompare(b.host));
  }

  enable({ id }: NovaService): Promise<unknown> {
    return this.admin.call('compute', 'PUT', `/os-services/${id}`, { status: 'enabled' }, 'compute 2.53');
  }

  disable({ id }: NovaService, reason: string): Promise<unknown> {
    const body = { status: 'disabled', disabled_reason: reason };
    return this.admin.call('compute', 'PUT', `/os-services/${id}`, body, 'compute 2.53');
  }

  /** Oldest first. @param since only younger ones */
  async migrations(since: Date): Promise<NovaMigration[]> {
    const { migrations } = await this.admin.get<{ migrations: NovaMigration[] }>(
      'compute',
      '/os-migrations',
      'compute 2.59',
    );
    return migrations
      .filter((each) => Date.parse(`${each.created_at}Z`) >= since.getTime())
      .sort((a, b) => a.id - b.id);
  }
}
