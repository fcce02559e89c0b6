import { FenixError } from '../common/errors.js';

export type Interface = 'public' | 'internal' | 'admin';

/** A catalog as Keystone v3 gives it with a token. */
export type Catalog = readonly CatalogService[];

export interface CatalogService {
  readonly type: string;
  readonly name?: string;
  readonly endpoints: readonly CatalogEndpoint[];
}

export interface CatalogEndpoint {
  readonly interface: string;
  readonly url: string;
  readonly region?: string | null;
  readonly region_id?: string | null;
}

export interface EndpointFilter {
  readonly serviceType: string;
  /** One, or several by preference; default: public. */
  readonly interface?: Interface | readonly Interface[] | undefined;
  /** Default: any, the first. */
  readonly region?: string | undefined;
}

/** Types under which clouds register the same service (OpenStack service-types authority). */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  alarming: ['alarming', 'alarm'],
  alarm: ['alarm', 'alarming'],
  'instance-ha': ['instance-ha', 'ha'],
};

/**
 * The address of a service, without a slash at its end.
 * @throws FenixError `missing` when the catalog has none: it may be added while we run
 */
export function findEndpoint(catalog: Catalog, filter: EndpointFilter): string {
  const types = ALIASES[filter.serviceType] ?? [filter.serviceType];
  const wanted = [filter.interface ?? 'public'].flat();
  for (const type of types) {
    const services = catalog.filter((candidate) => candidate.type === type);
    const endpoints = services.flatMap((service) => service.endpoints).filter((one) => isIn(one, filter.region));
    for (const side of wanted) {
      const found = endpoints.find((endpoint) => endpoint.interface === side);
      if (found !== undefined) return withoutSlash(found.url);
    }
  }
  const where = filter.region === undefined ? '' : ` in region ${filter.region}`;
  throw new FenixError(
    'terminal',
    'endpoint-missing',
    `The catalog has no ${wanted.join(' or ')} endpoint of type ${filter.serviceType}${where}`,
  );
}

function isIn(endpoint: CatalogEndpoint, region: string | undefined): boolean {
  return region === undefined || endpoint.region_id === region || endpoint.region === region;
}

/** An address without the slashes at its end, so that a path can follow. */
export function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

/** Keystone's v3 address of an `auth_url` that may name no version, v3 or the v2.0 of old. */
export function identityV3(authUrl: string): string {
  return `${withoutSlash(authUrl).replace(/\/v(3|2\.0)$/, '')}/v3`;
}
