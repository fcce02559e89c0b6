import type { Request, Router } from 'express';
import type { Cloud } from '../../cloud.js';
import { retireHost } from '../../hosts.js';
import type { ComputeHost, ControllerService } from '../../records.js';
import { Refusal } from '../../refusal.js';
import { callerOf, isObject, micros, param, query, wholeMicros } from '../wire.js';
import { minorOf, since } from './microversion.js';
import { adminOnly } from './policy.js';

/** os-services: list, and enable or disable by uuid (2.53). */
export function serviceRoutes(router: Router, cloud: Cloud): void {
  router.get('/os-services', adminOnly('os-services:list'), (request, response) => {
    const minor = minorOf(response);
    const controllers = cloud.controllers.map((service) => controllerView(service, cloud.now(), minor));
    const first = cloud.controllers.length;
    const computes = [...cloud.hosts.values()].map((host) => computeView(host, minor, first));
    response.json({ services: [...controllers, ...computes].filter((service) => matches(service, request)) });
  });

  router.put('/os-services/:uuid', since(53), adminOnly('os-services:update'), (request, response) => {
    const uuid = param(request, 'uuid');
    const host = [...cloud.hosts.values()].find(({ serviceId }) => serviceId === uuid);
    if (host === undefined) throw missing(cloud, uuid);
    update(cloud, host, request.body, callerOf(response).projectId);
    const service = computeView(host, minorOf(response), cloud.controllers.length);
    response.json({ service: { ...service, updated_at: micros(host.serviceUpdatedAt) } });
  });
}

/** Compute services only, as Fenix needs it. */
export function serviceDeletion(router: Router, cloud: Cloud): void {
  router.delete('/os-services/:uuid', since(53), adminOnly('os-services:delete'), (request, response) => {
    const uuid = param(request, 'uuid');
    const host = [...cloud.hosts.values()].find(({ serviceId }) => serviceId === uuid);
    if (host === undefined) throw new Refusal(404, `Service ${uuid} not found.`);
    retireHost(cloud, host);
    response.status(204).end();
  });
}

function missing(cloud: Cloud, uuid: string): Refusal {
  return cloud.controllers.some(({ serviceId }) => serviceId === uuid)
    ? new Refusal(400, 'Updating a nova-conductor or nova-scheduler service is not supported. Must be nova-compute.')
    : new Refusal(404, `Service ${uuid} could not be found.`);
}

function update(cloud: Cloud, host: ComputeHost, body: unknown, byProjectId: string): void {
  const { status, disabled_reason: reason, forced_down: forcedDown } = isObject(body) ? body : {};
  if (status === undefined && forcedDown === undefined)
    throw new Refusal(400, "No updates were requested. Fields 'status' or 'forced_down' should be specified.");
  if (status !== undefined && status !== 'enabled' && status !== 'disabled')
    throw new Refusal(
      400,
      `Invalid input for field/attribute status. Value: ${String(status)}. '${String(status)}' is not one of ['enabled', 'disabled']`,
    );
  if (reason !== undefined && (typeof reason !== 'string' || reason.length < 1 || reason.length > 255))
    throw new Refusal(400, `Invalid input for field/attribute disabled_reason. Value: ${String(reason)}.`);
  if (reason !== undefined && status !== 'disabled')
    throw new Refusal(400, "Specifying 'disabled_reason' when status is 'enabled' is invalid.");
  if (typeof forcedDown === 'boolean') host.forcedDown = forcedDown;
  if (status !== undefined)
    cloud.setService(host, status === 'enabled', typeof reason === 'string' ? reason : null, byProjectId);
  host.serviceUpdatedAt = cloud.now();
}

interface ServiceView {
  readonly binary: string;
  readonly host: string;
}

function matches(service: ServiceView, request: Request): boolean {
  const [binary, host] = [query(request, 'binary'), query(request, 'host')];
  return (binary === undefined || service.binary === binary) && (host === undefined || service.host === host);
}

function controllerView(service: ControllerService, now: Date, minor: number): ServiceView {
  return {
    binary: service.binary,
    host: service.host,
    ...{ id: minor >= 53 ? service.serviceId : service.number, zone: 'internal', status: 'enabled' },
    ...{ state: service.up ? 'up' : 'down' },
    ...{ updated_at: wholeMicros(now), disabled_reason: null },
    ...(minor >= 11 ? { forced_down: false } : {}),
  };
}

function computeView(host: ComputeHost, minor: number, first: number): ServiceView {
  return {
    binary: 'nova-compute',
    host: host.name,
    ...{
      id: minor >= 53 ? host.serviceId : first + host.number,
      zone: host.zone,
      status: host.enabled ? 'enabled' : 'disabled',
      state: host.up && !host.forcedDown ? 'up' : 'down',
      updated_at: wholeMicros(host.serviceUpdatedAt),
      disabled_reason: host.disabledReason,
    },
    ...(minor >= 11 ? { forced_down: host.forcedDown } : {}),
  };
}
