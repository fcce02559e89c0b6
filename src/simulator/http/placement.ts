import { type NextFunction, type Request, type Response, Router } from 'express';
import type { Cloud } from '../cloud.js';
import type { ComputeHost } from '../records.js';
import { Refusal } from '../refusal.js';
import type { AppParts } from './app.js';
import { allocationRoutes } from './placement-allocations.js';
import { candidates } from './placement-candidates.js';
import { byClass, resourceView, traitsOf } from './placement-view.js';
import { authenticate, callerOf, localsOf, param, query, refusals } from './wire.js';

const MAX_MINOR = 39;
const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  406: 'Not Acceptable',
  409: 'Conflict',
};

/** Placement API up to 1.39: what a maintenance service reads, makes and takes away. Bodies have the shape of 1.12 and later. */
export function placementRouter({ cloud, tokens, endpoints }: AppParts): Router {
  const router = Router();
  router.get('/', (_request, response) => {
    const version = { id: 'v1.0', max_version: `1.${MAX_MINOR}`, min_version: '1.0', status: 'CURRENT' };
    response.json({ versions: [{ ...version, links: [{ rel: 'self', href: '' }] }] });
  });
  router.use((request, response, next) => authenticate(tokens, endpoints().identity)(request, response, next));
  router.use(microversion);
  router.use((_request, response, next) => {
    if (!callerOf(response).admin) throw new Refusal(403, 'Access was denied to this resource.');
    next();
  });
  providerRoutes(router, cloud);
  allocationRoutes(router, cloud);
  router.get('/allocation_candidates', (request, response) => {
    response.json(candidates(cloud, request, localsOf(response).minor ?? 0));
  });
  router.use(() => {
    throw new Refusal(404, 'The resource could not be found.');
  });
  router.use(
    refusals(({ status, message, code = 'placement.undefined_code' }, response) => {
      const { minor = 0, requestId } = localsOf(response);
      const error = { status, title: TITLES[status], detail: message, request_id: requestId };
      return { errors: [minor >= 23 ? { ...error, code } : error] };
    }),
  );
  return router;
}

function providerRoutes(router: Router, cloud: Cloud): void {
  router.get('/resource_providers', (request, response) => {
    const [name, tree, uuid] = [query(request, 'name'), query(request, 'in_tree'), query(request, 'uuid')];
    const providers = allProviders(cloud).filter(
      (host) =>
        (name === undefined || host.nodeName === name) &&
        (tree === undefined || host.providerId === tree) &&
        (uuid === undefined || host.providerId === uuid),
    );
    response.json({ resource_providers: providers.map(providerView) });
  });
  router.delete('/resource_providers/:id', (request, response) => {
    const host = provider(cloud, request);
    if (cloud.allocations.on(host.name).length > 0)
      throw new Refusal(
        409,
        `Unable to delete resource provider ${host.providerId}: Resource provider has allocations.`,
      );
    if (!cloud.leftProviders.delete(host.name))
      throw new Refusal(409, `Unable to delete resource provider ${host.providerId}: its compute service is there.`);
    response.status(204).end();
  });
  router.get('/resource_providers/:id', (request, response) => {
    response.json(providerView(provider(cloud, request)));
  });
  router.get('/resource_providers/:id/inventories', (request, response) => {
    const { capacity, generation } = provider(cloud, request);
    response.json({ resource_provider_generation: generation, inventories: byClass(capacity, inventory) });
  });
  router.get('/resource_providers/:id/usages', (request, response) => {
    const { name, generation } = provider(cloud, request);
    const usages = byClass(cloud.allocations.used(name), (amount) => amount);
    response.json({ resource_provider_generation: generation, usages });
  });
  router.get('/resource_providers/:id/traits', (request, response) => {
    const host = provider(cloud, request);
    response.json({ traits: traitsOf(host), resource_provider_generation: host.generation });
  });
  router.get('/resource_providers/:id/allocations', (request, response) => {
    const { name, generation } = provider(cloud, request);
    const allocations = cloud.allocations.on(name).map(({ consumer, instanceId, leftOver, resources }) => {
      const shown = leftOver === true ? instanceId : consumer;
      return [shown, { resources: resourceView(resources) }] as const;
    });
    response.json({ allocations: Object.fromEntries(allocations), resource_provider_generation: generation });
  });
}

function inventory(total: number): object {
  return { total, reserved: 0, min_unit: 1, max_unit: total, step_size: 1, allocation_ratio: 1 };
}

/** Also what hosts left behind. */
function allProviders(cloud: Cloud): ComputeHost[] {
  return [...cloud.hosts.values(), ...cloud.leftProviders.values()];
}

function provider(cloud: Cloud, request: Request): ComputeHost {
  const id = param(request, 'id');
  const host = allProviders(cloud).find(({ providerId }) => providerId === id);
  if (host === undefined) throw new Refusal(404, `No resource provider with uuid ${id} found`);
  return host;
}

function providerView({ providerId: uuid, nodeName: name, generation }: ComputeHost): object {
  const href = `/resource_providers/${uuid}`;
  const related = ['inventories', 'usages', 'aggregates', 'traits', 'allocations'];
  return {
    uuid,
    name,
    generation,
    links: [{ rel: 'self', href }, ...related.map((rel) => ({ rel, href: `${href}/${rel}` }))],
    parent_provider_uuid: null,
    root_provider_uuid: uuid,
  };
}

/** `OpenStack-API-Version: placement 1.N`; 1.0 without it. */
function microversion(request: Request, response: Response, next: NextFunction): void {
  const wanted = /placement\s+(latest|\d+\.\d+)/.exec(request.get('openstack-api-version') ?? '')?.[1] ?? '1.0';
  const version = wanted === 'latest' ? `1.${MAX_MINOR}` : wanted;
  const [major, minor] = version.split('.').map(Number);
  if (major !== 1 || minor === undefined || minor > MAX_MINOR)
    throw new Refusal(406, `Unacceptable version header: ${version}`);
  response.set({ 'openstack-api-version': `placement ${version}`, vary: 'openstack-api-version' });
  localsOf(response).minor = minor;
  next();
}
