import type { Router } from 'express';
import type { Cloud } from '../../cloud.js';
import type { Flavor } from '../../records.js';
import { Refusal } from '../../refusal.js';
import { param } from '../wire.js';
import { minorOf } from './microversion.js';

/** Flavors: detail and show. */
export function flavorRoutes(router: Router, cloud: Cloud, base: () => string): void {
  router.get('/flavors/detail', (_request, response) => {
    const minor = minorOf(response);
    response.json({ flavors: cloud.flavors.map((flavor) => view(flavor, base(), minor)) });
  });
  router.get('/flavors/:id', (request, response) => {
    const wanted = param(request, 'id');
    const flavor = cloud.flavors.find(({ id }) => id === wanted);
    if (flavor === undefined) throw new Refusal(404, `Flavor ${wanted} could not be found.`);
    response.json({ flavor: view(flavor, base(), minorOf(response)) });
  });
}

function view(flavor: Flavor, base: string, minor: number): object {
  return {
    id: flavor.id,
    name: flavor.name,
    ram: flavor.memoryMb,
    disk: flavor.diskGb,
    swap: minor >= 75 ? 0 : '',
    'OS-FLV-EXT-DATA:ephemeral': 0,
    'OS-FLV-DISABLED:disabled': false,
    vcpus: flavor.vcpus,
    'os-flavor-access:is_public': true,
    rxtx_factor: 1,
    links: [
      { rel: 'self', href: `${base}/flavors/${flavor.id}` },
      { rel: 'bookmark', href: `${base.replace(/\/v2\.1$/, '')}/flavors/${flavor.id}` },
    ],
    ...(minor >= 55 ? { description: null } : {}),
    ...(minor >= 61 ? { extra_specs: {} } : {}),
  };
}
