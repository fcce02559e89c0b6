import type { Router } from 'express';
import type { Cloud } from '../../cloud.js';
import type { ComputeHost } from '../../records.js';
import { Refusal } from '../../refusal.js';
import { query } from '../wire.js';
import { minorOf } from './microversion.js';
import { adminOnly } from './policy.js';

/** os-hypervisors: list and detail, with servers and by a part of the name where asked for (2.53). */
export function hypervisorRoutes(router: Router, cloud: Cloud): void {
  router.get('/os-hypervisors', adminOnly('os-hypervisors:list'), (_request, response) => {
    const minor = minorOf(response);
    response.json({ hypervisors: [...cloud.hosts.values()].map((host) => summary(host, minor)) });
  });
  router.get('/os-hypervisors/detail', adminOnly('os-hypervisors:list-detail'), (request, response) => {
    const minor = minorOf(response);
    const withServers = minor >= 53 && query(request, 'with_servers')?.toLowerCase() === 'true';
    const hypervisors = matching(cloud, query(request, 'hypervisor_hostname_pattern'), minor).map((host) => ({
      ...detail(cloud, host, minor),
      ...(withServers ? { servers: servers(cloud, host) } : {}),
    }));
    response.json({ hypervisors });
  });
}

/** By a part of the hypervisor's name (2.53); none is a 404. */
function matching(cloud: Cloud, pattern: string | undefined, minor: number): ComputeHost[] {
  const all = [...cloud.hosts.values()];
  if (pattern === undefined || minor < 53) return all;
  const found = all.filter(({ nodeName }) => nodeName.includes(pattern));
  if (found.length === 0) throw new Refusal(404, `No hypervisor matching '${pattern}' could be found.`);
  return found;
}

function summary(host: ComputeHost, minor: number) {
  return {
    id: minor >= 53 ? host.providerId : host.number,
    hypervisor_hostname: host.nodeName,
    state: host.up && !host.forcedDown ? 'up' : 'down',
    status: host.enabled ? 'enabled' : 'disabled',
  };
}

function detail(cloud: Cloud, host: ComputeHost, minor: number): object {
  const { disabledReason, name, number, serviceId } = host;
  return {
    ...summary(host, minor),
    hypervisor_type: host.hypervisorType,
    hypervisor_version: 1000,
    host_ip: '127.0.0.1',
    service: {
      id: minor >= 53 ? serviceId : cloud.controllers.length + number,
      host: name,
      disabled_reason: disabledReason,
    },
    ...(minor >= 88 ? { uptime: null } : usage(cloud, host, minor)),
  };
}

/** Gone from 2.88 on: capacity is Placement's. */
function usage(cloud: Cloud, host: ComputeHost, minor: number): object {
  const { capacity } = host;
  const used = cloud.allocations.used(host.name);
  return {
    vcpus: capacity.vcpus,
    memory_mb: capacity.memoryMb,
    local_gb: capacity.diskGb,
    vcpus_used: used.vcpus,
    memory_mb_used: used.memoryMb,
    local_gb_used: used.diskGb,
    free_ram_mb: capacity.memoryMb - used.memoryMb,
    free_disk_gb: capacity.diskGb - used.diskGb,
    current_workload: 0,
    running_vms: cloud.allocations.on(host.name).length,
    disk_available_least: 0,
    cpu_info: minor >= 28 ? CPU : JSON.stringify(CPU),
  };
}

const CPU = {
  arch: 'x86_64',
  model: 'Nehalem',
  vendor: 'Intel',
  features: ['pge', 'clflush'],
  topology: { cores: 1, threads: 1, sockets: 4 },
} as const;

function servers(cloud: Cloud, host: ComputeHost): object[] {
  return cloud
    .instances()
    .filter((instance) => instance.host === host.name)
    .map(({ id, number }) => ({ name: `instance-${number.toString(16).padStart(8, '0')}`, uuid: id }));
}
