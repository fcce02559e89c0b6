import type { Cloud } from './cloud.js';
import type { ManagerOptions } from './managers/options.js';
import type { Instance, Project, ServerGroup, User, VmState } from './records.js';
import type { Topology, TopologyHost, TopologyInstance, TopologyProject } from './topology.js';

/** Password of the user of the service under test, and of the admin: those of the test cloud. */
export const ADMIN = { username: 'admin', password: 'admin', projectName: 'admin' } as const;
export const SERVICE = { username: 'fenix', password: 'fenix', projectName: 'service' } as const;

/** Fills an empty cloud with what a topology describes. */
export function populate(cloud: Cloud, topology: Topology): void {
  const admin = addProject(cloud, ADMIN.projectName);
  addUser(cloud, ADMIN.username, ADMIN.password, admin, ['admin', 'member', 'reader']);
  const service = addProject(cloud, SERVICE.projectName);
  addUser(cloud, SERVICE.username, SERVICE.password, service, ['admin', 'member', 'reader']);
  for (const name of topology.controllers ?? ['controller']) addController(cloud, name);
  for (const host of topology.hosts) addHost(cloud, host);
  topology.flavors.forEach((flavor, index) => {
    cloud.flavors.push({ ...flavor, id: cloud.newUuid(), number: index + 1 });
  });
  for (const project of topology.projects) addTenant(cloud, project);
  addAggregates(cloud, topology);
  for (const { name, hosts } of topology.segments ?? []) {
    const members = hosts.map((host) => ({ id: cloud.newUuid(), name: host, onMaintenance: false }));
    cloud.segments.push({ id: cloud.newUuid(), name, hosts: members });
  }
}

function addProject(cloud: Cloud, name: string, id = cloud.newHexId(), manager?: ManagerOptions): Project {
  const project = { id, name, ...(manager !== undefined && { manager }) };
  cloud.projects.set(id, project);
  return project;
}

function addUser(cloud: Cloud, name: string, password: string, project: Project, roles: string[]): User {
  const user = { id: cloud.newHexId(), name, password, project, roles };
  cloud.users.push(user);
  return user;
}

function addAggregates(cloud: Cloud, topology: Topology): void {
  const hosts = [...cloud.hosts.values()];
  const zones = [...new Set(hosts.map(({ zone }) => zone))].filter((zone) => zone !== 'nova');
  const add = (name: string, zone: string | null, members: readonly string[], metadata: Record<string, string>) => {
    const number = cloud.aggregates.length + 1;
    cloud.aggregates.push({
      number,
      uuid: cloud.newUuid(),
      name,
      zone,
      hosts: members,
      metadata,
      created: cloud.now(),
    });
  };
  for (const zone of zones)
    add(
      zone,
      zone,
      hosts.filter((host) => host.zone === zone).map(({ name }) => name),
      {},
    );
  for (const { name, hosts: members, metadata } of topology.aggregates ?? []) add(name, null, members, { ...metadata });
}

function addController(cloud: Cloud, host: string): void {
  for (const binary of ['nova-scheduler', 'nova-conductor'])
    cloud.controllers.push({
      binary,
      host,
      number: cloud.controllers.length + 1,
      serviceId: cloud.newUuid(),
      up: true,
    });
}

/** A machine whose nova-compute registers for the first time. */
export function addHost(cloud: Cloud, host: TopologyHost): void {
  const { name, vcpus, memoryMb, diskGb, zone = 'nova', enabled = true, up = true, hypervisorType = 'fake' } = host;
  if (host.controller === true) addController(cloud, name);
  const capacity = { vcpus, memoryMb, diskGb };
  cloud.hosts.set(name, {
    name,
    number: cloud.hosts.size + cloud.retired.size + 1,
    serviceId: cloud.newUuid(),
    providerId: cloud.newUuid(),
    zone,
    nodeName: hypervisorType === 'ironic' ? cloud.newUuid() : name,
    hypervisorType,
    capacity,
    leavesProvider: host.leavesProvider ?? false,
    enabled,
    disabledReason: enabled ? null : (host.disabledReason ?? null),
    up,
    forcedDown: false,
    disabledTrait: !enabled,
    serviceUpdatedAt: cloud.now(),
    generation: 1,
  });
  const reason = enabled ? null : (host.disabledReason ?? null);
  cloud.log.add({ kind: 'host', host: name, capacity, enabled, reason });
  if (!up) cloud.log.add({ kind: 'host-state', host: name, up });
}

function addTenant(cloud: Cloud, tenant: TopologyProject): void {
  const project = addProject(cloud, tenant.name, tenant.id, habits(tenant.manager));
  const user = addUser(cloud, tenant.name, tenant.name, project, ['member', 'reader']);
  const groups = new Map<string, ServerGroup>();
  for (const group of tenant.groups ?? []) {
    const { name, id = cloud.newUuid(), policy = null } = group;
    const { maxOutOfService = null, maxImpacted = null, recoveryTime = null } = group;
    const limits = { policy, maxOutOfService, maxImpacted, recoveryTime };
    groups.set(name, { id, name, project, userId: user.id, ...limits });
    cloud.groups.set(id, { id, name, project, userId: user.id, ...limits });
    cloud.log.add({ kind: 'group', groupId: id, name, ...limits });
  }
  for (const instance of tenant.instances ?? [])
    addTopologyInstance(cloud, instance, user, groups.get(instance.group ?? '')?.id ?? null);
}

function habits(manager: TopologyProject['manager']): ManagerOptions | undefined {
  return typeof manager === 'string' ? { dialect: manager } : manager;
}

const VM_STATES: Readonly<Record<NonNullable<TopologyInstance['state']>, VmState>> = {
  ACTIVE: 'active',
  SHUTOFF: 'stopped',
  PAUSED: 'paused',
  SUSPENDED: 'suspended',
  ERROR: 'error',
  SOFT_DELETED: 'soft-delete',
};

function addTopologyInstance(cloud: Cloud, wanted: TopologyInstance, user: User, groupId: string | null): void {
  const flavor = cloud.flavors.find(({ name }) => name === wanted.flavor);
  if (flavor === undefined) return; // cannot be: the topology was checked
  const vmState = wanted.resizedFrom === undefined ? VM_STATES[wanted.state ?? 'ACTIVE'] : 'resized';
  const instance = newInstance(cloud, {
    name: wanted.name,
    user,
    flavor,
    groupId,
    id: wanted.id ?? cloud.newUuid(),
    host: wanted.host,
    pinnedZone: wanted.zone ?? null,
    vmState,
    running: vmState === 'active' || vmState === 'resized',
    floatingIp: wanted.floatingIp === true ? `172.24.4.${2 + (cloud.instances().length % 250)}` : null,
    locked: wanted.locked ?? false,
    cutOff: cloud.hosts.get(wanted.host)?.up === false,
    networks: wanted.networks ?? 1,
    addresses: wanted.addresses ?? 1,
    launched: cloud.now(),
  });
  cloud.addInstance(instance);
  const { id: instanceId, projectId, userId } = instance;
  const claim = { instanceId, projectId, userId, resources: flavor };
  cloud.allocations.claim({ ...claim, consumer: instanceId, host: wanted.host });
  if (wanted.resizedFrom === undefined) return;
  const migration = cloud.addMigration({
    instanceId,
    type: 'resize',
    status: 'finished',
    sourceHost: wanted.resizedFrom,
    targetHost: wanted.host,
    flavorNumber: flavor.number,
    byProjectId: projectId,
  });
  cloud.allocations.claim({ ...claim, consumer: migration.uuid, host: wanted.resizedFrom });
}

type Given = Pick<Instance, 'name' | 'flavor' | 'groupId' | 'id' | 'host' | 'pinnedZone' | 'vmState' | 'running'> &
  Partial<Instance> & { readonly user: Pick<User, 'id' | 'project'> };

/** A record of a server with everything filled in that was not given. */
export function newInstance(cloud: Cloud, given: Given): Instance {
  const { user, ...fields } = given;
  const number = cloud.nextNumber();
  const now = cloud.now();
  return {
    number,
    projectId: user.project.id,
    userId: user.id,
    taskState: null,
    fixedIp: `10.10.${(number >> 8) & 255}.${number & 255}`,
    floatingIp: null,
    locked: false,
    cutOff: false,
    networks: 1,
    addresses: 1,
    fault: null,
    created: now,
    updated: now,
    launched: null,
    ...fields,
  };
}
