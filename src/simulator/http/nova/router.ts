import { Router } from 'express';
import { Evacuations } from '../../evacuations.js';
import type { AppParts } from '../app.js';
import { authenticate, refusals } from '../wire.js';
import { actionRoutes } from './actions.js';
import { aggregateRoutes } from './aggregates.js';
import { flavorRoutes } from './flavors.js';
import { groupRoutes } from './groups.js';
import { hypervisorRoutes } from './hypervisors.js';
import { MAX_MINOR, novaMicroversion } from './microversion.js';
import { migrationRoutes } from './migrations.js';
import { serverRoutes } from './servers.js';
import { serviceDeletion, serviceRoutes } from './services.js';

const FAULTS: Readonly<Record<number, string>> = {
  400: 'badRequest',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'itemNotFound',
  406: 'computeFault',
  409: 'conflictingRequest',
};

/** Compute API v2.1 up to microversion 2.93 (Zed), as far as Fenix and tenants use it. */
export function novaRouter({ cloud, tokens, endpoints, moves, servers }: AppParts): Router {
  const router = Router();
  const base = (): string => endpoints().compute;
  const root = (): string => base().replace(/\/v2\.1$/, '');
  router.get('/', (_request, response) => {
    response.json({ versions: [oldVersion(root()), version(base())] });
  });
  router.get('/v2.1', (_request, response) => {
    const links = [
      ...version(base()).links,
      { rel: 'describedby', type: 'text/html', href: 'http://docs.openstack.org/' },
    ];
    response.json({ version: { ...version(base()), links, 'media-types': [MEDIA_TYPE] } });
  });
  const api = Router();
  api.use((request, response, next) => authenticate(tokens, endpoints().identity)(request, response, next));
  api.use(novaMicroversion);
  serverRoutes(api, cloud, servers, base);
  actionRoutes(api, cloud, { servers, moves, evacuations: new Evacuations(cloud) });
  migrationRoutes(api, cloud, moves);
  serviceRoutes(api, cloud);
  serviceDeletion(api, cloud);
  hypervisorRoutes(api, cloud);
  groupRoutes(api, cloud);
  aggregateRoutes(api, cloud);
  flavorRoutes(api, cloud, base);
  router.use('/v2.1', api);
  router.use(refusals(({ status, message }) => ({ [FAULTS[status] ?? 'computeFault']: { code: status, message } })));
  return router;
}

const MEDIA_TYPE = { base: 'application/json', type: 'application/vnd.openstack.compute+json;version=2.1' };

function version(base: string) {
  return {
    id: 'v2.1',
    status: 'CURRENT',
    version: `2.${MAX_MINOR}`,
    min_version: '2.1',
    updated: '2013-07-23T11:33:21Z',
    links: [{ rel: 'self', href: `${base}/` }],
  };
}

function oldVersion(root: string): object {
  return {
    id: 'v2.0',
    status: 'SUPPORTED',
    version: '',
    min_version: '',
    updated: '2011-01-21T11:33:21Z',
    links: [{ rel: 'self', href: `${root}/v2/` }],
  };
}
