import type { Request, Response, Router } from 'express';
import { NO_RESOURCES, type Resources } from '../../model/index.js';
import type { Cloud } from '../cloud.js';
import type { ComputeHost } from '../records.js';
import { Refusal } from '../refusal.js';
import { resourceView } from './placement-view.js';
import { isObject, localsOf, param } from './wire.js';

/** Everything that a PUT says is there from then on; before, this Placement takes none. */
const WRITABLE_MINOR = 38;
/** Consumers never change here, so all of them are at the same generation. */
const GENERATION = 1;
const CLASSES: Readonly<Record<string, keyof Resources>> = { VCPU: 'vcpus', MEMORY_MB: 'memoryMb', DISK_GB: 'diskGb' };

/** Allocations by consumer: of instances and migrations to be read, of others to be made and given up as well. */
export function allocationRoutes(router: Router, cloud: Cloud): void {
  router.get('/allocations/:consumer', (request, response) => {
    response.json(consumerView(cloud, param(request, 'consumer'), localsOf(response).minor ?? 0));
  });
  router.put('/allocations/:consumer', (request, response) => {
    allocate(cloud, request, response);
    response.status(204).end();
  });
  router.delete('/allocations/:consumer', (request, response) => {
    const consumer = param(request, 'consumer');
    if (cloud.allocations.of(consumer) === undefined)
      throw new Refusal(404, `No allocations for consumer '${consumer}'`);
    cloud.releaseRoom(consumer);
    response.status(204).end();
  });
}

function consumerView(cloud: Cloud, consumer: string, minor: number): object {
  const held = cloud.allocations.of(consumer);
  if (held === undefined) return { allocations: {} };
  const everywhere = [...cloud.hosts.values()].flatMap((host) =>
    cloud.allocations
      .on(host.name)
      .filter((there) => there === held || (there.leftOver === true && there.instanceId === consumer))
      .map(({ resources }) => {
        return [host.providerId, { resources: resourceView(resources), generation: host.generation }] as const;
      }),
  );
  const type = held.consumerType ?? (consumer === held.instanceId ? 'INSTANCE' : 'MIGRATION');
  return {
    allocations: Object.fromEntries(everywhere),
    project_id: held.projectId,
    user_id: held.userId,
    ...(minor >= 28 ? { consumer_generation: GENERATION } : {}),
    ...(minor >= WRITABLE_MINOR ? { consumer_type: type } : {}),
  };
}

/** Of a consumer that is new, on one provider. */
function allocate(cloud: Cloud, request: Request, response: Response): void {
  if ((localsOf(response).minor ?? 0) < WRITABLE_MINOR)
    throw new Refusal(400, `JSON does not validate: this Placement takes allocations from 1.${WRITABLE_MINOR} on.`);
  const consumer = param(request, 'consumer');
  const { allocations, project_id, user_id, consumer_generation: generation, consumer_type } = bodyOf(request);
  if (typeof project_id !== 'string' || typeof user_id !== 'string' || typeof consumer_type !== 'string')
    throw new Refusal(400, "JSON does not validate: 'project_id', 'user_id' and 'consumer_type' are required.");
  if (!/^[A-Z0-9_]+$/.test(consumer_type))
    throw new Refusal(400, `JSON does not validate: '${consumer_type}' does not match '^[A-Z0-9_]+$'`);
  const isKnown = cloud.allocations.of(consumer) !== undefined;
  if (generation !== (isKnown ? GENERATION : null))
    throw new Refusal(
      409,
      `consumer generation conflict - expected ${isKnown ? GENERATION : 'null'} but got ${generation}`,
      'placement.concurrent_update',
    );
  const [[provider, wanted] = [], ...more] = Object.entries(isObject(allocations) ? allocations : {});
  if (provider === undefined || more.length > 0)
    throw new Refusal(400, 'JSON does not validate: this Placement takes allocations of one provider.');
  const host = hostOf(cloud, provider);
  const resources = resourcesOf(isObject(wanted) ? wanted.resources : undefined);
  if (!cloud.allocations.fits(resources, host))
    throw new Refusal(
      409,
      `Unable to allocate inventory: Unable to create allocation for the resource provider '${provider}'. The requested amount would exceed the capacity.`,
    );
  if (isKnown) cloud.allocations.release(consumer);
  const owner = { projectId: project_id, userId: user_id, consumerType: consumer_type };
  cloud.allocations.claim({ ...owner, consumer, instanceId: consumer, host: host.name, resources });
}

function bodyOf(request: Request): Record<string, unknown> {
  const body: unknown = request.body;
  if (!isObject(body)) throw new Refusal(400, 'JSON does not validate: an object is wanted.');
  return body;
}

function hostOf(cloud: Cloud, provider: string): ComputeHost {
  const host = [...cloud.hosts.values()].find(({ providerId }) => providerId === provider);
  if (host === undefined) throw new Refusal(400, `Allocation for resource provider '${provider}' that does not exist.`);
  return host;
}

function resourcesOf(wanted: unknown): Resources {
  let resources = NO_RESOURCES;
  for (const [name, amount] of Object.entries(isObject(wanted) ? wanted : {})) {
    const key = CLASSES[name];
    if (key === undefined) throw new Refusal(400, `No such resource class in the DB: ${name}`);
    if (!Number.isInteger(amount) || Number(amount) < 1)
      throw new Refusal(400, `JSON does not validate: ${amount} is less than the minimum of 1`);
    resources = { ...resources, [key]: Number(amount) };
  }
  return resources;
}
