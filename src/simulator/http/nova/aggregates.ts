import type { Router } from 'express';
import type { Cloud } from '../../cloud.js';
import type { Aggregate } from '../../records.js';
import { Refusal } from '../../refusal.js';
import { param, wholeMicros } from '../wire.js';
import { minorOf } from './microversion.js';
import { adminOnly } from './policy.js';

/** os-aggregates: list and show; os-availability-zone: list and detail. */
export function aggregateRoutes(router: Router, cloud: Cloud): void {
  router.get('/os-aggregates', adminOnly('os-aggregates:index'), (_request, response) => {
    response.json({ aggregates: cloud.aggregates.map((aggregate) => view(aggregate, minorOf(response))) });
  });
  router.get('/os-aggregates/:id', adminOnly('os-aggregates:show'), (request, response) => {
    const wanted = param(request, 'id');
    const aggregate = cloud.aggregates.find(({ number }) => String(number) === wanted);
    if (aggregate === undefined) throw new Refusal(404, `Aggregate ${wanted} could not be found.`);
    response.json({ aggregate: view(aggregate, minorOf(response)) });
  });
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
