import type { Resources } from '../model/index.js';

/**
 * Everything Fenix asks of a cloud, free of any service's JSON. `src/openstack` implements it on Nova, Placement, Aodh
 * and Keystone. All methods throw FenixError: kind `transient` or `overload` when trying again may help (with `inDoubt`
 * on a write that may have happened), `missing` when the subject is gone, `conflict` when its state forbids it now.
 */
export interface CloudPort extends HostPort {
  /** All nova-compute and nova-conductor services. */
  services(signal?: AbortSignal): Promise<ComputeService[]>;
  /** Host aggregates with the compute hosts in them. */
  aggregates(signal?: AbortSignal): Promise<Aggregate[]>;
  /** Compute hosts whose hypervisor is Ironic: nothing can be moved off them. */
  ironicHosts(signal?: AbortSignal): Promise<string[]>;
  /** Servers of all projects; `host` narrows to one host (exact name). */
  servers(filter?: { readonly host?: string }, signal?: AbortSignal): Promise<Server[]>;
  /**
   * Servers of all projects that changed since then by Nova's own times, and those that are gone since: with the
   * `latest` of one answer as the `since` of the next, a large cloud is read in small parts. Without it, all.
   */
  serversChanged(since: Date | undefined, signal?: AbortSignal): Promise<ServerChanges>;
  /** One server, or undefined if Nova has it no more. */
  server(instanceId: string, signal?: AbortSignal): Promise<Server | undefined>;
  /** Capacity of every compute host by Placement's inventories (reserved taken off, ratios applied). */
  capacities(signal?: AbortSignal): Promise<HostCapacity[]>;
  /** Whether Placement would place `wanted` on `host` now, its service being enabled in Placement's eyes. */
  proves(host: string, wanted: Resources, signal?: AbortSignal): Promise<Proof>;
  /** All that keeps a host from being empty (v1 §5.1 "verified empty"). */
  occupants(host: string, signal?: AbortSignal): Promise<Occupants>;
  /**
   * Instances that were evacuated from a host and still have an allocation there: Nova gives it up when the host's
   * nova-compute starts again, not before.
   */
  evacuatedFrom(host: string, signal?: AbortSignal): Promise<string[]>;
  /** Migrations of an instance, newest first. */
  migrations(instanceId: string, signal?: AbortSignal): Promise<Migration[]>;
  /** What was done to a server, newest first (os-instance-actions). */
  instanceEvents(instanceId: string, signal?: AbortSignal): Promise<InstanceEvent[]>;
  /** Enabled event alarms of all projects that have an action. */
  eventAlarms(signal?: AbortSignal): Promise<EventAlarm[]>;
  /** Id of the project that admin notifications are addressed to (v1 §3.3). */
  adminProjectId(signal?: AbortSignal): Promise<string>;

  disableService(serviceId: string, reason: string, signal?: AbortSignal): Promise<void>;
  enableService(serviceId: string, signal?: AbortSignal): Promise<void>;
  /** Cold migration to a named target. Returns when Nova has accepted it, not when it is done. */
  migrate(instanceId: string, targetHost: string, signal?: AbortSignal): Promise<void>;
  confirmResize(instanceId: string, signal?: AbortSignal): Promise<void>;
  revertResize(instanceId: string, signal?: AbortSignal): Promise<void>;
  /** Live migration to a named target. Returns when Nova has accepted it. */
  liveMigrate(instanceId: string, targetHost: string, signal?: AbortSignal): Promise<void>;
  abortLiveMigration(instanceId: string, migrationId: string, signal?: AbortSignal): Promise<void>;
  /** Lets a running live migration end at the cost of a longer pause of the instance. */
  forceCompleteLiveMigration(instanceId: string, migrationId: string, signal?: AbortSignal): Promise<void>;
  /** Builds an instance anew on a named target; refused unless its own host is down. Returns when Nova has accepted it. */
  evacuate(instanceId: string, targetHost: string, signal?: AbortSignal): Promise<void>;
  /** Shuts an instance down where it is. Returns when Nova has accepted it. */
  stop(instanceId: string, signal?: AbortSignal): Promise<void>;
  /** Starts an instance that is shut off. Returns when Nova has accepted it. */
  start(instanceId: string, signal?: AbortSignal): Promise<void>;

  /**
   * Has Placement hold room on a host for a consumer of its own (PUT /allocations, microversion 1.38), in the name of
   * Fenix's project. `terminal` with code `no-room` where the host has none; `conflict` where somebody else changed
   * something at the same moment, or the consumer holds room already.
   */
  holdRoom(room: HeldRoom, signal?: AbortSignal): Promise<void>;
  /** Gives up all that a consumer holds; nothing is changed where that is nothing. */
  letRoomGo(consumer: string, signal?: AbortSignal): Promise<void>;
  /** Whether Placement holds anything for the consumer. */
  holdsRoom(consumer: string, signal?: AbortSignal): Promise<boolean>;
  /** All that Placement holds for consumers of {@link holdRoom}, whoever asked for it. */
  heldRooms(signal?: AbortSignal): Promise<HeldRoom[]>;
}

/** The code of a refusal by Placement to hold room. */
export const NO_ROOM_TO_HOLD = 'no-room';

/** Room that is kept for an instance which is to come. */
export interface HeldRoom {
  /** A UUID. */
  readonly consumer: string;
  readonly host: string;
  readonly resources: Resources;
}

/**
 * What only actions ask for: which hosts the cloud has, what is known of one, and test servers of Fenix's own project.
 * Errors as those of {@link CloudPort}.
 */
export interface HostPort {
  /** Undefined while Nova has no hypervisor of that host, or has not mapped the host to a cell yet. */
  hypervisor(host: string, signal?: AbortSignal): Promise<Hypervisor | undefined>;
  /**
   * Takes a host's compute service, and with it its hypervisor and resource provider, out of Nova.
   * Refused (`conflict`) while instances or unfinished migrations are there.
   */
  deleteService(serviceId: string, signal?: AbortSignal): Promise<void>;
  /** Refused (`conflict`) where the host is there already, or instances on it are of another zone. */
  addToAggregate(aggregateId: string, host: string, signal?: AbortSignal): Promise<void>;
  /** `missing` where the host is not in it. */
  removeFromAggregate(aggregateId: string, host: string, signal?: AbortSignal): Promise<void>;
  /**
   * Takes the resource provider that a deleted compute service left behind, with all within it, out of Placement; none
   * that a compute service has. Refused (`conflict`) while anything is allocated there. @returns whether there was one
   */
  deleteProvider(host: string, signal?: AbortSignal): Promise<boolean>;
  /** Servers of all projects with exactly that name. */
  serversNamed(name: string, signal?: AbortSignal): Promise<Server[]>;
  /** A server in Fenix's own project, on a named host. Returns when Nova has accepted it. @returns its id */
  boot(server: NewServer, signal?: AbortSignal): Promise<string>;
  deleteServer(instanceId: string, signal?: AbortSignal): Promise<void>;
  /** What Masakari has of a host, in each of its segments. */
  guardedHosts(host: string, signal?: AbortSignal): Promise<GuardedHost[]>;
  /** Whether Masakari is to leave the host alone. Refused (`conflict`) while it handles a failure in the segment. */
  setOnMaintenance(host: GuardedHost, onMaintenance: boolean, signal?: AbortSignal): Promise<void>;
}

export interface Hypervisor {
  /** Host of its compute service. */
  readonly host: string;
  /** QEMU, ironic … */
  readonly type: string;
  readonly up: boolean;
  /** The IP address that it tells Nova. */
  readonly address: string | null;
  /** What the machine has, without ratios and reserves. */
  readonly resources: Resources;
}

export interface NewServer {
  readonly name: string;
  readonly host: string;
  /** Ids. */
  readonly image: string;
  readonly flavor: string;
  /** Id of a network; absent = none. */
  readonly network?: string;
}

/** A host of a failover segment. */
export interface GuardedHost {
  readonly id: string;
  readonly segmentId: string;
  readonly host: string;
  readonly onMaintenance: boolean;
}

export interface ComputeService {
  /** Uuid (Nova ≥ 2.53). */
  readonly id: string;
  readonly binary: string;
  readonly host: string;
  readonly zone: string;
  readonly enabled: boolean;
  readonly disabledReason: string | null;
  readonly up: boolean;
}

export interface Aggregate {
  readonly id: string;
  readonly name: string;
  readonly hosts: readonly string[];
}

export interface Server {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  /** Compute host, null while unscheduled. */
  readonly host: string | null;
  /** Nova's status: ACTIVE, SHUTOFF, VERIFY_RESIZE, ERROR, SOFT_DELETED … */
  readonly status: string;
  readonly vmState: string;
  /** Null when nothing is being done to it. */
  readonly taskState: string | null;
  readonly zone: string;
  readonly flavorName: string;
  readonly resources: Resources;
  readonly locked: boolean;
  readonly hasFloatingIp: boolean;
}

export interface ServerChanges {
  readonly changed: readonly Server[];
  /** Ids of servers that Nova has no more, or only until they are reclaimed. */
  readonly gone: readonly string[];
  /** When the last of them changed; null if there are none. */
  readonly latest: Date | null;
}

export interface HostCapacity {
  /** Host of the compute service, also where Placement knows it by its full name; else the resource provider's name. */
  readonly host: string;
  readonly capacity: Resources;
}

export type Proof = { readonly fits: true } | { readonly fits: false; readonly why: string };

export interface Occupants {
  /** Ids of servers on the host, soft-deleted ones too. */
  readonly servers: readonly string[];
  /** Consumers with allocations on the host's provider. */
  readonly allocations: readonly string[];
  /** Unfinished migrations with the host as source or destination. */
  readonly migrations: readonly string[];
}

export interface Migration {
  readonly id: string;
  readonly instanceId: string;
  readonly sourceHost: string | null;
  readonly targetHost: string | null;
  /** migration, live-migration, resize, evacuation. */
  readonly type: string;
  /** Nova's own word: pre-migrating, migrating, running, finished, confirmed, completed, failed, error, cancelled … */
  readonly status: string;
  readonly createdAt: Date;
}

export interface InstanceEvent {
  /** migrate, live-migration, confirmResize, create … */
  readonly action: string;
  readonly requestId: string;
  /** `Error` when it failed, else null. */
  readonly message: string | null;
  readonly startedAt: Date;
}

export interface EventAlarm {
  readonly projectId: string;
  /** An fnmatch pattern over event types. */
  readonly eventType: string;
}
export const CloudPort: unique symbol = Symbol('CloudPort');
