import type { Request, Response, Router } from 'express';
import type { Cloud } from '../../cloud.js';
import { type Caller, type Instance, statusOf } from '../../records.js';
import { notFound, Refusal } from '../../refusal.js';
import type { Servers } from '../../servers.js';
import { callerOf, isObject, param, query } from '../wire.js';
import { minorOf } from './microversion.js';
import { requireAdmin } from './policy.js';
import { ServerViews } from './server-view.js';

/** Nova's `[api] max_limit`. */
const MAX_LIMIT = 1000;

/** The server a path names; another project's looks like none, except to admins. */
export function serverOf(cloud: Cloud, request: Request, caller: Caller): Instance {
  const id = param(request, 'id');
  const instance = cloud.instance(id);
  const visible = instance !== undefined && (caller.admin || instance.projectId === caller.projectId);
  if (!visible) throw notFound(id);
  return instance;
}

/** /servers: list, show, boot, delete. */
export function serverRoutes(router: Router, cloud: Cloud, servers: Servers, base: () => string): void {
  const views = new ServerViews(cloud, base);
  const list = (request: Request, response: Response, detail: boolean): void => {
    const { page, more } = select(cloud, request, response, detail);
    const lens = { minor: minorOf(response), admin: callerOf(response).admin };
    const texts = page.map((instance) =>
      detail
        ? views.text(instance, lens)
        : JSON.stringify({ id: instance.id, name: instance.name, links: views.links(instance.id) }),
    );
    const next = more ? `,"servers_links":${JSON.stringify([nextLink(request, base(), page.at(-1)?.id ?? '')])}` : '';
    response.type('application/json').send(`{"servers":[${texts.join(',')}]${next}}`);
  };
  router.get('/servers', (request, response) => list(request, response, false));
  router.get('/servers/detail', (request, response) => list(request, response, true));
  router.get('/servers/:id', (request, response) => {
    const caller = callerOf(response);
    const text = views.text(serverOf(cloud, request, caller), { minor: minorOf(response), admin: caller.admin });
    response.type('application/json').send(`{"server":${text}}`);
  });
  router.post('/servers', (request, response) => {
    const wanted = bootRequest(cloud, request.body, callerOf(response));
    const host = minorOf(response) >= 74 ? hostWanted(cloud, request.body) : null;
    if (host !== null) requireAdmin(response, 'servers:create:requested_destination');
    const instance = servers.boot({ ...wanted, host }, callerOf(response));
    response.status(202).set('Location', `${base()}/servers/${instance.id}`);
    response.json({
      server: {
        id: instance.id,
        links: views.links(instance.id),
        'OS-DCF:diskConfig': 'MANUAL',
        security_groups: [{ name: 'default' }],
        adminPass: instance.id.slice(-12),
      },
    });
  });
  router.delete('/servers/:id', (request, response) => {
    const caller = callerOf(response);
    servers.delete(serverOf(cloud, request, caller), caller);
    response.status(204).end();
  });
}

function select(cloud: Cloud, request: Request, response: Response, detail: boolean) {
  const caller = callerOf(response);
  const everybodys = isTrue(query(request, 'all_tenants'));
  if (everybodys) requireAdmin(response, `servers:${detail ? 'detail' : 'index'}:get_all_tenants`);
  const matching = cloud.instances().filter((instance) => {
    if (!everybodys) return instance.projectId === caller.projectId && matches(instance, request, caller);
    const project = query(request, 'project_id') ?? query(request, 'tenant_id');
    return (project === undefined || instance.projectId === project) && matches(instance, request, caller);
  });
  return paged(matching, request);
}

/** Filters that Nova takes; `host` from admins only, others' is ignored. */
function matches(instance: Instance, request: Request, caller: Caller): boolean {
  const host = caller.admin ? query(request, 'host') : undefined;
  const status = query(request, 'status');
  const name = query(request, 'name');
  const uuid = query(request, 'uuid');
  if (!isListed(instance, request, caller)) return false;
  return (
    (host === undefined || instance.host === host) &&
    (uuid === undefined || instance.id === uuid) &&
    (name === undefined || new RegExp(name).test(instance.name)) &&
    (status === undefined || statusOf(instance) === status.toUpperCase())
  );
}

/** Admins see soft-deleted servers instead of living ones by `deleted`, beside them by `soft_deleted`; status is not enough. */
function isListed(instance: Instance, request: Request, caller: Caller): boolean {
  const asks = (name: string): boolean => caller.admin && isTrue(query(request, name));
  const softDeleted = statusOf(instance) === 'SOFT_DELETED';
  return asks('deleted') ? softDeleted : !softDeleted || asks('soft_deleted');
}

function paged(matching: readonly Instance[], request: Request): { page: readonly Instance[]; more: boolean } {
  const marker = query(request, 'marker');
  const from = marker === undefined ? 0 : matching.findIndex(({ id }) => id === marker) + 1;
  if (marker !== undefined && from === 0) throw new Refusal(400, `marker [${marker}] not found`);
  const wanted = query(request, 'limit');
  if (wanted !== undefined && !/^\d+$/.test(wanted))
    throw new Refusal(
      400,
      `Invalid input for query parameters limit. Value: ${wanted}. '${wanted}' does not match '^[0-9]*$'`,
    );
  const limit = Math.min(MAX_LIMIT, wanted === undefined || wanted === '0' ? MAX_LIMIT : Number(wanted));
  const page = matching.slice(from, from + limit);
  // Nova adds the link whenever a page is full, even if nothing follows.
  return { page, more: page.length > 0 && page.length === limit };
}

function nextLink(request: Request, base: string, marker: string): object {
  const parameters = new URLSearchParams(request.originalUrl.split('?')[1] ?? '');
  parameters.set('marker', marker);
  return { rel: 'next', href: `${base}${request.path}?${parameters.toString()}` };
}

function isTrue(value: string | undefined): boolean {
  return value !== undefined && ['', '1', 'true', 't', 'yes', 'on'].includes(value.toLowerCase());
}

/** The host that the request names (2.74). */
function hostWanted(cloud: Cloud, body: unknown): string | null {
  const server = isObject(body) ? body.server : undefined;
  const host = isObject(server) ? server.host : undefined;
  if (typeof host !== 'string') return null;
  if (!cloud.hosts.has(host)) throw new Refusal(400, `Compute host ${host} could not be found.`);
  return host;
}

function bootRequest(cloud: Cloud, body: unknown, caller: Caller) {
  const server = isObject(body) ? body.server : undefined;
  if (!isObject(server) || typeof server.name !== 'string')
    throw new Refusal(400, "Invalid input for field/attribute server. 'name' is a required property");
  const flavor = cloud.flavors.find(({ id, name }) => id === server.flavorRef || name === server.flavorRef);
  if (flavor === undefined) throw new Refusal(400, `Flavor ${String(server.flavorRef)} could not be found.`);
  const hints = isObject(body) ? (body['os:scheduler_hints'] ?? body['OS-SCH-HNT:scheduler_hints']) : undefined;
  const groupId = isObject(hints) && typeof hints.group === 'string' ? hints.group : null;
  if (groupId !== null && cloud.groups.get(groupId)?.project.id !== caller.projectId)
    throw new Refusal(400, `Instance group ${groupId} could not be found.`);
  const zone = typeof server.availability_zone === 'string' ? server.availability_zone : null;
  if (zone !== null && ![...cloud.hosts.values()].some((host) => host.zone === zone))
    throw new Refusal(400, 'The requested availability zone is not available');
  return { name: server.name, flavor, zone, groupId };
}
