import type { KeystoneSession } from '../keystone-auth-middleware/index.js';
import { hostNamed, type Resources, sameHost } from '../model/index.js';
import type {
  Aggregate,
  CloudPort,
  ComputeService,
  EventAlarm,
  GuardedHost,
  HeldRoom,
  HostCapacity,
  Hypervisor,
  InstanceEvent,
  Migration,
  NewServer,
  Occupants,
  Proof,
  Server,
  ServerChanges,
} from '../workflow/cloud-port.js';
import { listEventAlarms } from './aodh/alarms.js';
import { projectIdByName } from './keystone/projects.js';
import { listGuardedHosts, setOnMaintenance } from './masakari/hosts.js';
import { changeAggregate, listAggregates } from './nova/aggregates.js';
import { findHypervisor, listIronicHosts } from './nova/hypervisors.js';
import { listEvacuated, listMigrations, listUnfinished } from './nova/migrations.js';
import * as actions from './nova/server-actions.js';
import {
  bootServer,
  deleteServer,
  findServer,
  listChanges,
  listServers,
  listServersNamed,
  listSoftDeleted,
} from './nova/servers.js';
import * as services from './nova/services.js';
import { Capacities } from './placement/capacities.js';
import * as placeholders from './placement/placeholders.js';
import { prove } from './placement/proof.js';
import { deleteTree, findProvider, listConsumers } from './placement/providers.js';
import { ServiceApi, type Timeouts } from './service-api.js';

/** Region, interface and endpoint overrides are settings of the {@link KeystoneSession}. */
export interface OpenStackSettings {
  /** By service type; default: 30 s for reads, 60 s for writes. */
  readonly timeouts?: Readonly<Partial<Record<ServiceType, Timeouts>>>;
  /** The project that admin notifications are addressed to; default: the session's own. */
  readonly adminProject?: { readonly name: string; readonly domainId?: string };
}

type ServiceType = 'compute' | 'placement' | 'alarming' | 'identity' | 'instance-ha';

const DEFAULT_TIMEOUTS: Timeouts = { readS: 30, writeS: 60 };

/** A real OpenStack (or the simulated one), asked over HTTP. Nothing is tried again here. */
export class OpenStackCloud implements CloudPort {
  private readonly nova: ServiceApi;
  private readonly placement: ServiceApi;
  private readonly aodh: ServiceApi;
  private readonly identity: ServiceApi;
  private readonly masakari: ServiceApi;
  private readonly placementCapacities: Capacities;
  private knownAdminProject: string | undefined;

  constructor(
    private readonly session: KeystoneSession,
    private readonly settings: OpenStackSettings = {},
  ) {
    const service = (type: ServiceType): ServiceApi =>
      new ServiceApi(session, settings.timeouts?.[type] ?? DEFAULT_TIMEOUTS, type);
    this.nova = service('compute');
    this.placement = service('placement');
    this.aodh = service('alarming');
    this.identity = service('identity');
    this.masakari = service('instance-ha');
    this.placementCapacities = new Capacities(this.placement);
  }

  services(signal?: AbortSignal): Promise<ComputeService[]> {
    return services.listServices(this.nova, signal);
  }

  aggregates(signal?: AbortSignal): Promise<Aggregate[]> {
    return listAggregates(this.nova, signal);
  }

  ironicHosts(signal?: AbortSignal): Promise<string[]> {
    return listIronicHosts(this.nova, signal);
  }

  servers(filter: { readonly host?: string } = {}, signal?: AbortSignal): Promise<Server[]> {
    return listServers(this.nova, filter, signal);
  }

  serversChanged(since: Date | undefined, signal?: AbortSignal): Promise<ServerChanges> {
    return listChanges(this.nova, since, signal);
  }

  server(instanceId: string, signal?: AbortSignal): Promise<Server | undefined> {
    return findServer(this.nova, instanceId, signal);
  }

  async capacities(signal?: AbortSignal): Promise<HostCapacity[]> {
    const [providers, all] = await Promise.all([this.placementCapacities.read(signal), this.services(signal)]);
    const computes = all.filter(({ binary }) => binary === 'nova-compute');
    return providers.map(({ name, capacity }) => ({ host: hostOf(name, computes), capacity }));
  }

  proves(host: string, wanted: Resources, signal?: AbortSignal): Promise<Proof> {
    return prove(this.placement, host, wanted, signal);
  }

  async occupants(host: string, signal?: AbortSignal): Promise<Occupants> {
    await services.assertCellAnswers(this.nova, host, signal);
    const [servers, softDeleted, allocations, migrations] = await Promise.all([
      listServers(this.nova, { host }, signal),
      listSoftDeleted(this.nova, host, signal),
      this.consumers(host, signal),
      this.unfinishedMigrations(host, signal),
    ]);
    return { servers: [...servers, ...softDeleted].map(({ id }) => id), allocations, migrations };
  }

  async evacuatedFrom(host: string, signal?: AbortSignal): Promise<string[]> {
    const [evacuated, consumers] = await Promise.all([
      listEvacuated(this.nova, host, signal),
      this.consumers(host, signal),
    ]);
    const servers = await Promise.all(consumers.filter((id) => evacuated.has(id)).map((id) => this.server(id, signal)));
    return servers.flatMap((server) => (server === undefined || server.host === host ? [] : [server.id]));
  }

  migrations(instanceId: string, signal?: AbortSignal): Promise<Migration[]> {
    return listMigrations(this.nova, instanceId, signal);
  }

  instanceEvents(instanceId: string, signal?: AbortSignal): Promise<InstanceEvent[]> {
    return actions.listInstanceEvents(this.nova, instanceId, signal);
  }

  eventAlarms(signal?: AbortSignal): Promise<EventAlarm[]> {
    return listEventAlarms(this.aodh, signal);
  }

  async adminProjectId(signal?: AbortSignal): Promise<string> {
    const named = this.settings.adminProject;
    if (named === undefined) return this.session.projectId();
    this.knownAdminProject ??= await projectIdByName(this.identity, named.name, named.domainId, signal);
    return this.knownAdminProject;
  }

  disableService(serviceId: string, reason: string, signal?: AbortSignal): Promise<void> {
    return services.disableService(this.nova, serviceId, reason, signal);
  }

  enableService(serviceId: string, signal?: AbortSignal): Promise<void> {
    return services.enableService(this.nova, serviceId, signal);
  }

  migrate(instanceId: string, targetHost: string, signal?: AbortSignal): Promise<void> {
    return actions.migrate(this.nova, instanceId, targetHost, signal);
  }

  confirmResize(instanceId: string, signal?: AbortSignal): Promise<void> {
    return actions.confirmResize(this.nova, instanceId, signal);
  }

  revertResize(instanceId: string, signal?: AbortSignal): Promise<void> {
    return actions.revertResize(this.nova, instanceId, signal);
  }

  liveMigrate(instanceId: string, targetHost: string, signal?: AbortSignal): Promise<void> {
    return actions.liveMigrate(this.nova, instanceId, targetHost, signal);
  }

  abortLiveMigration(instanceId: string, migrationId: string, signal?: AbortSignal): Promise<void> {
    return actions.abortLiveMigration(this.nova, instanceId, migrationId, signal);
  }

  forceCompleteLiveMigration(instanceId: string, migrationId: string, signal?: AbortSignal): Promise<void> {
    return actions.forceCompleteLiveMigration(this.nova, instanceId, migrationId, signal);
  }

  evacuate(instanceId: string, targetHost: string, signal?: AbortSignal): Promise<void> {
    return actions.evacuate(this.nova, instanceId, targetHost, signal);
  }

  stop(instanceId: string, signal?: AbortSignal): Promise<void> {
    return actions.stop(this.nova, instanceId, signal);
  }

  start(instanceId: string, signal?: AbortSignal): Promise<void> {
    return actions.start(this.nova, instanceId, signal);
  }

  async holdRoom(room: HeldRoom, signal?: AbortSignal): Promise<void> {
    const [projectId, userId] = await Promise.all([this.session.projectId(), this.session.userId()]);
    await placeholders.holdRoom(this.placement, { projectId, userId }, room, signal);
  }

  letRoomGo(consumer: string, signal?: AbortSignal): Promise<void> {
    return placeholders.letRoomGo(this.placement, consumer, signal);
  }

  holdsRoom(consumer: string, signal?: AbortSignal): Promise<boolean> {
    return placeholders.holdsRoom(this.placement, consumer, signal);
  }

  async heldRooms(signal?: AbortSignal): Promise<HeldRoom[]> {
    const [all, servers] = await Promise.all([services.listServices(this.nova, signal), this.servers({}, signal)]);
    const known = new Set(servers.map(({ id }) => id));
    const rooms = await placeholders.listHeldRooms(this.placement, known, signal);
    const computes = all.filter(({ binary }) => binary === 'nova-compute');
    return rooms.map((room) => ({ ...room, host: hostOf(room.host, computes) }));
  }

  hypervisor(host: string, signal?: AbortSignal): Promise<Hypervisor | undefined> {
    return findHypervisor(this.nova, host, signal);
  }

  deleteService(serviceId: string, signal?: AbortSignal): Promise<void> {
    return services.deleteService(this.nova, serviceId, signal);
  }

  addToAggregate(aggregateId: string, host: string, signal?: AbortSignal): Promise<void> {
    return changeAggregate(this.nova, aggregateId, 'add_host', host, signal);
  }

  removeFromAggregate(aggregateId: string, host: string, signal?: AbortSignal): Promise<void> {
    return changeAggregate(this.nova, aggregateId, 'remove_host', host, signal);
  }

  async deleteProvider(host: string, signal?: AbortSignal): Promise<boolean> {
    const [provider, all] = await Promise.all([
      findProvider(this.placement, host, signal),
      services.listServices(this.nova, signal),
    ]);
    if (provider === undefined) return false;
    const isInUse = all.some((one) => one.binary === 'nova-compute' && sameHost(one.host, provider.name));
    if (!isInUse) await deleteTree(this.placement, provider, signal);
    return !isInUse;
  }

  serversNamed(name: string, signal?: AbortSignal): Promise<Server[]> {
    return listServersNamed(this.nova, name, signal);
  }

  boot(server: NewServer, signal?: AbortSignal): Promise<string> {
    return bootServer(this.nova, server, signal);
  }

  deleteServer(instanceId: string, signal?: AbortSignal): Promise<void> {
    return deleteServer(this.nova, instanceId, signal);
  }

  guardedHosts(host: string, signal?: AbortSignal): Promise<GuardedHost[]> {
    return listGuardedHosts(this.masakari, host, signal);
  }

  setOnMaintenance(host: GuardedHost, onMaintenance: boolean, signal?: AbortSignal): Promise<void> {
    return setOnMaintenance(this.masakari, host, onMaintenance, signal);
  }

  private async consumers(host: string, signal?: AbortSignal): Promise<string[]> {
    const provider = await findProvider(this.placement, host, signal);
    return provider === undefined ? [] : listConsumers(this.placement, provider, signal);
  }

  /** A migration whose server was deleted under way is never ended by Nova, and holds nothing: it does not count. */
  private async unfinishedMigrations(host: string, signal?: AbortSignal): Promise<string[]> {
    const unfinished = await listUnfinished(this.nova, host, signal);
    const servers = await Promise.all(unfinished.map(({ instanceId }) => this.server(instanceId, signal)));
    return unfinished.filter((_, index) => servers[index] !== undefined).map(({ id }) => id);
  }
}

/** How Nova writes the host of a resource provider; its own name where there is no such service. */
function hostOf(provider: string, computes: readonly ComputeService[]): string {
  return hostNamed(provider, computes, ({ host }) => host)?.host ?? provider;
}
