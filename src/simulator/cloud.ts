import { createRandom, type Random } from '../common/random.js';
import { Allocations } from './allocations.js';
import { populate, SERVICE } from './cloud-population.js';
import { hex, uuid } from './ids.js';
import { SimulatorLog } from './log.js';
import {
  type Aggregate,
  type ApplicationCredential,
  type Caller,
  type ComputeHost,
  type ControllerService,
  type Flavor,
  type Instance,
  type InstanceActionRecord,
  inService,
  isOpen,
  type Migration,
  type Project,
  type Segment,
  type ServerGroup,
  statusOf,
  type User,
} from './records.js';
import { notFound } from './refusal.js';
import type { Timeline } from './timeline.js';
import { DEFAULT_TIMINGS, type Timings, type Topology } from './topology.js';

/** Something about an instance changed; `gone` when it was deleted. */
export interface InstanceChange {
  readonly at: Date;
  readonly instance: Instance;
  readonly gone: boolean;
  /** Whoever owns it did that, or bad luck: not the service under test. */
  readonly excused: boolean;
}

/** Keeps the cloud's ids apart from those that the generator made of the same seed. */
const OWN_STREAM = 0x9e3779b9;

/**
 * The state of the simulated cloud and nothing else: what its services show and change. Whatever takes time is done
 * by `Servers` and `Moves`, through this class, so that every change is logged and told to whoever listens.
 */
export class Cloud {
  readonly log: SimulatorLog;
  readonly allocations: Allocations;
  readonly timings: Timings;
  private readonly random: Random;
  readonly hosts = new Map<string, ComputeHost>();
  readonly controllers: ControllerService[] = [];
  readonly projects = new Map<string, Project>();
  readonly users: User[] = [];
  readonly applicationCredentials: ApplicationCredential[] = [];
  /** Ids of roles by name. */
  readonly roles = new Map([
    ['admin', 'effa556fdd0746d298c8997fb8dfe332'],
    ['member', '1edcac6eeb8248d3b68db2e6b27541e9'],
    ['reader', '220bce9a586141b4879f09ae77a27b8e'],
  ]);
  readonly flavors: Flavor[] = [];
  readonly groups = new Map<string, ServerGroup>();
  readonly aggregates: Aggregate[] = [];
  readonly segments: Segment[] = [];
  /** Hosts whose compute service was deleted; they come back when their nova-compute is started again. */
  readonly retired = new Map<string, ComputeHost>();
  /** Resource providers that are left of hosts whose compute service was deleted. */
  readonly leftProviders = new Map<string, ComputeHost>();
  private readonly byId = new Map<string, Instance>();
  private readonly moves: Migration[] = [];
  private readonly openMoves = new Map<string, Migration>();
  private readonly actions = new Map<string, InstanceActionRecord[]>();
  private readonly listeners = new Set<(change: InstanceChange) => void>();
  private readonly struck = new Set<string>();
  private readonly awaitingHost = new Map<string, (() => void)[]>();
  private lastNumber = 0;

  constructor(
    topology: Topology,
    readonly timeline: Timeline,
  ) {
    this.timings = { ...DEFAULT_TIMINGS, ...topology.timings };
    this.random = createRandom((topology.seed ?? 1) + OWN_STREAM);
    this.log = new SimulatorLog(() => timeline.now());
    this.allocations = new Allocations(this.log);
    populate(this, topology);
  }

  now(): Date {
    return this.timeline.now();
  }

  newUuid(): string {
    return uuid(this.random);
  }

  /** As Keystone's: 32 hexadecimal digits. */
  newHexId(): string {
    return hex(this.random, 32);
  }

  nextNumber(): number {
    this.lastNumber += 1;
    return this.lastNumber;
  }

  /** Newest first, as Nova lists them. */
  instances(): Instance[] {
    return [...this.byId.values()].reverse();
  }

  instance(id: string): Instance | undefined {
    return this.byId.get(id);
  }

  membersOf(groupId: string): Instance[] {
    return [...this.byId.values()].filter((instance) => instance.groupId === groupId);
  }

  addInstance(instance: Instance): void {
    this.byId.set(instance.id, instance);
    const { id: instanceId, name, projectId, groupId } = instance;
    this.log.add({ kind: 'instance-added', instanceId, name, projectId, groupId });
    this.tell(instance);
  }

  /** Throws Refusal 404 when it is gone. */
  change(instanceId: string, changes: Partial<Omit<Instance, 'id'>>): Instance {
    const before = this.byId.get(instanceId);
    if (before === undefined) throw notFound(instanceId);
    const after: Instance = { ...before, ...changes, updated: this.now() };
    this.byId.set(instanceId, after);
    this.tell(after);
    return after;
  }

  removeInstance(instance: Instance): void {
    if (!this.byId.delete(instance.id)) return;
    const excused = this.excused(instance);
    this.actions.delete(instance.id);
    this.log.add({ kind: 'instance-gone', instanceId: instance.id });
    for (const listener of this.listeners) listener({ at: this.now(), instance, gone: true, excused });
  }

  /** Calls back on every change of an instance; returns how to end that. */
  onInstance(listener: (change: InstanceChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Newest first. */
  migrations(): Migration[] {
    return [...this.moves].reverse();
  }

  /** The unfinished migration of an instance: in progress, or waiting to be confirmed. */
  openMigration(instanceId: string): Migration | undefined {
    return this.openMoves.get(instanceId);
  }

  addMigration(fields: Omit<Migration, 'id' | 'uuid' | 'created' | 'updated'>): Migration {
    const now = this.now();
    const migration = { ...fields, id: this.moves.length + 1, uuid: this.newUuid(), created: now, updated: now };
    this.moves.push(migration);
    this.openMoves.set(migration.instanceId, migration);
    const { id: migrationId, instanceId, type, sourceHost: from, byProjectId } = migration;
    this.log.add({ kind: 'move-begun', migrationId, instanceId, type, from, byProjectId });
    return migration;
  }

  /** @param byProjectId who ended it, where somebody did */
  changeMigration(id: number, changes: Partial<Migration>, byProjectId: string | null = null): Migration | undefined {
    const before = this.moves[id - 1];
    if (before === undefined) return undefined;
    const after: Migration = { ...before, ...changes, updated: this.now() };
    this.moves[id - 1] = after;
    if (isOpen(after)) this.openMoves.set(after.instanceId, after);
    else if (isOpen(before)) {
      this.openMoves.delete(after.instanceId);
      const { instanceId, type, status: outcome } = after;
      this.log.add({ kind: 'move-ended', migrationId: id, instanceId, type, outcome, byProjectId });
    }
    return after;
  }

  /** What was done to an instance, newest first. */
  actionsOf(instanceId: string): readonly InstanceActionRecord[] {
    return this.actions.get(instanceId) ?? [];
  }

  /** Notes what somebody does to an instance; the record is finished by `message` and `updated`. */
  addAction(instanceId: string, action: string, caller: Caller): InstanceActionRecord {
    const { requestId, userId, projectId } = caller;
    const now = this.now();
    const record = { action, requestId, userId, projectId, started: now, message: null, updated: now };
    this.actions.set(instanceId, [record, ...this.actionsOf(instanceId)]);
    return record;
  }

  /** Enables or disables a compute service; Placement's trait follows with the lag. */
  setService(host: ComputeHost, enabled: boolean, reason: string | null, byProjectId: string): void {
    host.enabled = enabled;
    host.disabledReason = enabled ? null : reason;
    host.serviceUpdatedAt = this.now();
    const byService = this.isService(byProjectId);
    this.log.add({ kind: 'service', host: host.name, enabled, reason: host.disabledReason, byService });
    const follow = (): void => {
      if (host.disabledTrait === !host.enabled) return;
      host.disabledTrait = !host.enabled;
      host.generation += 1;
    };
    if (this.timings.disabledTraitLag === 0) follow();
    else this.timeline.after(this.timings.disabledTraitLag, follow);
  }

  /** Whether that project is the one of the service under test. */
  isService(projectId: string): boolean {
    return this.projects.get(projectId)?.name === SERVICE.projectName;
  }

  /** Gives room back; Placement shows it with its lag. */
  releaseRoom(consumer: string): void {
    const { allocationLag } = this.timings;
    if (allocationLag === 0) this.allocations.release(consumer);
    else this.allocations.release(consumer, (show) => this.timeline.after(allocationLag, show));
  }

  /** Does it now, or as soon as all these hosts are up: what is asked of a dead nova-compute waits for it. */
  whenUp(hosts: readonly (string | null)[], run: () => void): void {
    const dead = hosts.find((name) => this.hosts.get(name ?? '')?.up === false) ?? null;
    if (dead === null) run();
    else this.awaitingHost.set(dead, [...(this.awaitingHost.get(dead) ?? []), () => this.whenUp(hosts, run)]);
  }

  /** A host came back: whatever waited for it goes on. */
  hostIsUp(name: string): void {
    const waiting = this.awaitingHost.get(name) ?? [];
    this.awaitingHost.delete(name);
    for (const run of waiting) run();
  }

  private tell(instance: Instance): void {
    const { id: instanceId, host, taskState } = instance;
    const status = statusOf(instance);
    const excused = this.excused(instance);
    this.log.add({ kind: 'state', instanceId, host, status, taskState, inService: inService(instance), excused });
    for (const listener of this.listeners) listener({ at: this.now(), instance, gone: false, excused });
  }

  /** Bad luck strikes an instance: what becomes of it from now on is nobody's doing. */
  strike(instanceId: string): void {
    this.struck.add(instanceId);
  }

  private excused({ id, projectId, cutOff }: Instance): boolean {
    return cutOff || this.struck.has(id) || this.actionsOf(id)[0]?.projectId === projectId;
  }
}
