import type { Resources } from '../model/index.js';
import type { ManagerOptions } from './managers/options.js';
import type { GroupPolicy } from './topology.js';

/** A compute host with its nova-compute service, its hypervisor and its resource provider. */
export interface ComputeHost {
  readonly name: string;
  /** Numbers the service and the hypervisor where Nova's old API does. */
  readonly number: number;
  readonly serviceId: string;
  /** Hypervisor's and resource provider's uuid. */
  readonly providerId: string;
  /** That of the aggregate with a zone that it is in. */
  zone: string;
  /** The hypervisor's and the resource provider's name: the host's, but of an ironic node. */
  readonly nodeName: string;
  readonly hypervisorType: string;
  readonly capacity: Resources;
  /** Its nova-compute runs on when its service is deleted, and writes its resource provider again. */
  readonly leavesProvider: boolean;
  enabled: boolean;
  disabledReason: string | null;
  up: boolean;
  forcedDown: boolean;
  /** Whether Placement shows COMPUTE_STATUS_DISABLED; follows `enabled` with a lag. */
  disabledTrait: boolean;
  serviceUpdatedAt: Date;
  /** The resource provider's; grows with each change to it. */
  generation: number;
}

/** nova-conductor or nova-scheduler somewhere. */
export interface ControllerService {
  readonly binary: string;
  readonly host: string;
  readonly number: number;
  readonly serviceId: string;
  up: boolean;
}

/** A host aggregate; one with a zone makes it. */
export interface Aggregate {
  readonly number: number;
  readonly uuid: string;
  readonly name: string;
  readonly zone: string | null;
  hosts: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly created: Date;
}

/** A failover segment of Masakari. */
export interface Segment {
  readonly id: string;
  readonly name: string;
  readonly hosts: readonly SegmentHost[];
}

export interface SegmentHost {
  readonly id: string;
  readonly name: string;
  onMaintenance: boolean;
}

export interface Project {
  readonly id: string;
  readonly name: string;
  /** Habits of its manager, where the topology gives them. */
  readonly manager?: ManagerOptions;
}

export interface User {
  readonly id: string;
  readonly name: string;
  password: string;
  readonly project: Project;
  /** Names of its roles on that project. */
  readonly roles: string[];
}

/** Something that lets a user in without a password, with its project and roles. */
export interface ApplicationCredential {
  readonly id: string;
  readonly name: string;
  readonly secret: string;
  readonly user: User;
}

/** Who asks the cloud for something. */
export interface Caller {
  readonly userId: string;
  readonly projectId: string;
  readonly admin: boolean;
  readonly requestId: string;
}

export interface Flavor extends Resources {
  readonly id: string;
  readonly number: number;
  readonly name: string;
}

export interface ServerGroup {
  readonly id: string;
  readonly name: string;
  readonly project: Project;
  readonly userId: string;
  /** Null: known to the judge and the managers only. */
  readonly policy: GroupPolicy | null;
  readonly maxOutOfService: number | null;
  /** What its manager tells of it, and the judge holds the service to. */
  readonly maxImpacted: number | null;
  /** Domain seconds. */
  readonly recoveryTime: number | null;
}

export type VmState = 'building' | 'active' | 'stopped' | 'paused' | 'suspended' | 'resized' | 'error' | 'soft-delete';

/** A server. Never changed in place: each change makes a new record. */
export interface Instance {
  readonly id: string;
  readonly number: number;
  readonly name: string;
  readonly projectId: string;
  readonly userId: string;
  readonly flavor: Flavor;
  readonly host: string | null;
  /** Zone that it was booted for. */
  readonly pinnedZone: string | null;
  readonly vmState: VmState;
  readonly taskState: string | null;
  /** What the server was before its migration: what it is again after confirmation. */
  readonly running: boolean;
  readonly groupId: string | null;
  readonly fixedIp: string;
  readonly floatingIp: string | null;
  readonly locked: boolean;
  /** Its host is down. */
  readonly cutOff: boolean;
  /** How many networks it is in, and its addresses in each. */
  readonly networks: number;
  readonly addresses: number;
  readonly fault: string | null;
  readonly created: Date;
  readonly updated: Date;
  readonly launched: Date | null;
}

export type MigrationType = 'migration' | 'live-migration' | 'resize' | 'evacuation';

/** A record of os-migrations. Never changed in place. */
export interface Migration {
  readonly id: number;
  readonly uuid: string;
  readonly instanceId: string;
  readonly type: MigrationType;
  readonly status: string;
  readonly sourceHost: string;
  readonly targetHost: string | null;
  readonly flavorNumber: number;
  /** Project of whoever asked for it. */
  readonly byProjectId: string;
  readonly created: Date;
  readonly updated: Date;
}

/** A record of os-instance-actions. */
export interface InstanceActionRecord {
  readonly action: string;
  readonly requestId: string;
  readonly userId: string;
  readonly projectId: string;
  readonly started: Date;
  message: string | null;
  updated: Date;
}

const TASK_STATUS: Readonly<Record<string, string>> = {
  resize_prep: 'RESIZE',
  resize_migrating: 'RESIZE',
  resize_migrated: 'RESIZE',
  resize_finish: 'RESIZE',
  resize_reverting: 'REVERT_RESIZE',
  migrating: 'MIGRATING',
  rebuilding: 'REBUILD',
  rebuild_spawning: 'REBUILD',
};

const VM_STATUS: Readonly<Record<VmState, string>> = {
  building: 'BUILD',
  active: 'ACTIVE',
  stopped: 'SHUTOFF',
  paused: 'PAUSED',
  suspended: 'SUSPENDED',
  resized: 'VERIFY_RESIZE',
  error: 'ERROR',
  'soft-delete': 'SOFT_DELETED',
};

/** The status that Nova shows for a vm_state and a task_state. */
export function statusOf(instance: Pick<Instance, 'vmState' | 'taskState'>): string {
  return TASK_STATUS[instance.taskState ?? ''] ?? VM_STATUS[instance.vmState];
}

/** Whether the server does its work: running, or on the move without noticing. */
export function inService(instance: Instance): boolean {
  return ['ACTIVE', 'VERIFY_RESIZE', 'MIGRATING'].includes(statusOf(instance)) && instance.running && !instance.cutOff;
}

const OPEN_MIGRATIONS = [
  'accepted',
  'pre-migrating',
  'queued',
  'preparing',
  'running',
  'migrating',
  'post-migrating',
  'finished',
  'confirming',
  'reverting',
];

/** Whether it still binds its instance to two hosts, or may. */
export function isOpen(migration: Migration): boolean {
  return OPEN_MIGRATIONS.includes(migration.status);
}
