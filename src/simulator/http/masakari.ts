import { type Response, Router } from 'express';
import type { Segment, SegmentHost } from '../records.js';
import { Refusal } from '../refusal.js';
import type { AppParts } from './app.js';
import { authenticate, callerOf, isObject, param, query, refusals } from './wire.js';

const TITLES: Readonly<Record<number, string>> = {
  400: 'badRequest',
  403: 'forbidden',
  404: 'itemNotFound',
  409: 'conflictingRequest',
};

/** Masakari's API v1, as far as a host's maintenance goes: segments, their hosts, and the update of one. */
export function masakariRouter({ cloud, tokens, endpoints }: AppParts): Router {
  const router = Router();
  router.use((request, response, next) => authenticate(tokens, endpoints().identity)(request, response, next));
  router.use((_request, response, next) => {
    requireAdmin(response);
    next();
  });
  router.get('/segments', (request, response) => {
    response.json({
      segments: paged(cloud.segments, query(request, 'limit'), query(request, 'marker')).map(segmentView),
    });
  });
  router.get('/segments/:segment/hosts', (request, response) => {
    const segment = segmentOf(cloud.segments, param(request, 'segment'));
    const hosts = paged(segment.hosts, query(request, 'limit'), query(request, 'marker'));
    response.json({ hosts: hosts.map((host) => hostView(segment, host)) });
  });
  router.put('/segments/:segment/hosts/:host', (request, response) => {
    const segment = segmentOf(cloud.segments, param(request, 'segment'));
    const id = param(request, 'host');
    const host = segment.hosts.find((one) => one.id === id);
    if (host === undefined) throw new Refusal(404, `No host with id ${id}.`);
    const wanted: unknown = isObject(request.body) ? request.body.host : undefined;
    const flag = isObject(wanted) ? wanted.on_maintenance : undefined;
    if (typeof flag !== 'boolean') throw new Refusal(400, 'Invalid input for field/attribute on_maintenance.');
    host.onMaintenance = flag;
    response.json({ host: hostView(segment, host) });
  });
  router.use(refusals(({ status, message }) => ({ [TITLES[status] ?? 'computeFault']: { code: status, message } })));
  return router;
}

function requireAdmin(response: Response): void {
  if (!callerOf(response).admin)
    throw new Refusal(403, "Policy doesn't allow os_masakari_api:os-hosts to be performed.");
}

function segmentOf(segments: readonly Segment[], id: string): Segment {
  const segment = segments.find((one) => one.id === id);
  if (segment === undefined) throw new Refusal(404, `No failover segment with id ${id}.`);
  return segment;
}

function paged<Item extends { readonly id: string }>(items: readonly Item[], limit?: string, marker?: string): Item[] {
  const from = marker === undefined ? 0 : items.findIndex(({ id }) => id === marker) + 1;
  if (marker !== undefined && from === 0) throw new Refusal(400, `Marker ${marker} could not be found.`);
  return items.slice(from, limit === undefined ? undefined : from + Number(limit));
}

function segmentView({ id, name }: Segment): object {
  return { uuid: id, name, description: null, recovery_method: 'auto', service_type: 'compute', enabled: true };
}

function hostView({ id: segmentId, name: segmentName }: Segment, { id, name, onMaintenance }: SegmentHost): object {
  return {
    uuid: id,
    name,
    on_maintenance: onMaintenance,
    reserved: false,
    type: 'COMPUTE',
    control_attributes: 'SSH',
    failover_segment_id: segmentId,
    failover_segment: { uuid: segmentId, name: segmentName },
  };
}
