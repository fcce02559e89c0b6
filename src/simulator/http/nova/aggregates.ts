import type { Request, Router } from 'express';
import type { Cloud } from '../../cloud.js';
import type { Aggregate, ComputeHost } from '../../records.js';
import { Refusal } from '../../refusal.js';
import { isObject, param, wholeMicros } from '../wire.js';
import { minorOf } from './microversion.js';
import { adminOnly } from './policy.js';

/** os-aggregates: list, show, hosts in and out; os-availability-zone: list and detail. */
export function aggregateRoutes(router: Router, cloud: Cloud): void {
  router.get('/os-aggregates', adminOnly('os-aggregates:index'), (_request, response) => {
    response.json({ aggregates: cloud.aggregates.map((aggregate) => view(aggregate, minorOf(response))) });
  });
  router.get('/os-aggregates/:id', adminOnly('os-aggregates:show'), (request, response) => {
    response.json({ aggregate: view(aggregateOf(cloud, request), minorOf(response)) });
  });
  for (const [action, change] of Object.entries(MEMBERSHIP)) {
    router.post('/os-aggregates/:id/action', adminOnly(`os-aggregates:${action}`), (request, response, next) => {
      const wanted = isObject(request.body) ? request.body[action] : undefined;
      if (!isObject(wanted)) {
        next();
        return;
      }
      const aggregate = aggregateOf(cloud, request);
      change(cloud, aggregate, String(wanted.host));
      response.json({ aggregate: view(aggregate, minorOf(response)) });
    });
  }
  router.get('/os-availability-zone', (_request, response) => {
    const zones = zonesOf(cloud).map((zoneName) => ({ zoneName, zoneState: { available: true }, hosts: null }));
    response.json({ availabilityZoneInfo: zones });
  });
  router.get('/os-availability-zone/detail', adminOnly('os-availability-zone:detail'), (_request, response) => {
    const zones = zonesOf(cloud).map((zoneName) => ({
      zoneName,
      zoneState: { available: true },
      hosts: hosts(cloud, zoneName),
    }));
    response.json({ availabilityZoneInfo: zones });
  });
}

/** What an action on an aggregate does. */
const MEMBERSHIP: Readonly<Record<string, (cloud: Cloud, aggregate: Aggregate, host: string) => void>> = {
  add_host: (cloud, aggregate, host) => {
    const record = hostOf(cloud, host);
    if (aggregate.hosts.includes(host))
      throw new Refusal(409, `Aggregate ${aggregate.number} already has host ${host}.`);
    aggregate.hosts = [...aggregate.hosts, host];
    record.zone = aggregate.zone ?? record.zone;
  },
  remove_host: (cloud, aggregate, host) => {
    const record = hostOf(cloud, host);
    if (!aggregate.hosts.includes(host)) throw new Refusal(404, `Aggregate ${aggregate.number} has no host ${host}.`);
    aggregate.hosts = aggregate.hosts.filter((name) => name !== host);
    if (aggregate.zone !== null) record.zone = 'nova';
  },
};

function hostOf(cloud: Cloud, name: string): ComputeHost {
  const host = cloud.hosts.get(name);
  if (host === undefined) throw new Refusal(404, `Compute host ${name} could not be found.`);
  return host;
}

function aggregateOf(cloud: Cloud, request: Request): Aggregate {
  const wanted = param(request, 'id');
  const aggregate = cloud.aggregates.find(({ number }) => String(number) === wanted);
  if (aggregate === undefined) throw new Refusal(404, `Aggregate ${wanted} could not be found.`);
  return aggregate;
}

function view({ number, uuid, name, zone, hosts: members, metadata, created }: Aggregate, minor: number): object {
  return {
    id: number,
    ...(minor >= 41 ? { uuid } : {}),
    name,
    hosts: members,
    metadata: { ...metadata, ...(zone === null ? {} : { availability_zone: zone }) },
    availability_zone: zone,
    created_at: wholeMicros(created),
    updated_at: null,
    deleted_at: null,
    deleted: false,
  };
}

function zonesOf(cloud: Cloud): string[] {
  return [...new Set([...cloud.hosts.values()].map(({ zone }) => zone))];
}

function hosts(cloud: Cloud, wanted: string): object {
  const there = [...cloud.hosts.values()].filter(({ zone }) => zone === wanted);
  const entries = there.map(({ name, up, forcedDown, enabled, serviceUpdatedAt }) => {
    const service = { available: up && !forcedDown, active: enabled, updated_at: wholeMicros(serviceUpdatedAt) };
    return [name, { 'nova-compute': service }] as const;
  });
  return Object.fromEntries(entries);
}
