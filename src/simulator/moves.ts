import { requireUp } from './hosts.js';
import { type Move, MoveSteps } from './move-steps.js';
import type { Caller, Instance, Migration } from './records.js';
import { Refusal } from './refusal.js';
import { schedule } from './scheduler.js';
import { requireState } from './server-state.js';

/** Instants of a cold migration as parts of the whole, as they were seen on a real cloud. */
const COLD = { migrating: 0.38, migrated: 0.6, finishing: 0.8, done: 1 } as const;
const LIVE = { queued: 0.05, preparing: 0.1, running: 0.3, done: 1 } as const;

/** Cold and live migrations, and what ends them. Each call returns when Nova would have accepted it. */
export class Moves extends MoveSteps {
  migrate(instance: Instance, target: string | undefined, caller: Caller): void {
    requireState(instance, 'migrate', ['active', 'stopped'], caller);
    requireUp(this.cloud, instance.host, 409);
    this.requireHost(target);
    if (target === instance.host) throw new Refusal(400, 'Cannot migrate to the host where the server exists.');
    const action = this.cloud.addAction(instance.id, 'migrate', caller);
    const { id: instanceId } = this.cloud.change(instance.id, { taskState: 'resize_prep' });
    const migration = this.begin(instance, 'migration', 'pre-migrating', caller);
    const fate = this.faults.ofMove(instanceId, migration.id);
    const move = { instanceId, migrationId: migration.id, action, fate };
    const whole = this.cloud.timings.coldMigration;
    this.step(move, Math.min(this.cloud.timings.scheduling, whole * COLD.migrating), () => {
      if (!this.place(move, target)) return;
      this.step(move, whole * COLD.migrating, () => this.progress(move, 'migrating', 'resize_migrating'));
      if (this.goesWrong(move, whole * COLD.migrated)) return;
      this.step(move, whole * COLD.migrated, () => this.progress(move, 'post-migrating', 'resize_migrated', true));
      this.step(move, whole * COLD.finishing, () => this.progress(move, 'post-migrating', 'resize_finish'));
      this.step(move, whole * COLD.done, () => this.arrive(move));
    });
  }

  liveMigrate(
    instance: Instance,
    options: { readonly target?: string | undefined; readonly force: boolean; readonly synchronous: boolean },
    caller: Caller,
  ): void {
    requireState(instance, 'os-migrateLive', ['active', 'paused'], caller);
    requireUp(this.cloud, instance.host, 400);
    this.requireHost(options.target);
    const found = this.liveTarget(instance, options);
    // Below 2.34 the API waits for the conductor's checks.
    if (options.synchronous && found === undefined) throw new Refusal(400, 'No valid host was found. ');
    const action = this.cloud.addAction(instance.id, 'live-migration', caller);
    this.cloud.change(instance.id, { taskState: 'migrating' });
    const migration = this.begin(instance, 'live-migration', 'accepted', caller);
    const fate = this.faults.ofMove(instance.id, migration.id);
    const move = { instanceId: instance.id, migrationId: migration.id, action, fate };
    const whole = this.cloud.timings.liveMigration;
    this.step(move, Math.min(this.cloud.timings.scheduling, whole * LIVE.queued), () => {
      const target = this.elsewhere(move, options.target) ?? this.liveTarget(instance, options);
      if (target === undefined) return this.refuse(move);
      this.claimTarget(move, target);
      for (const status of ['queued', 'preparing', 'running'] as const)
        this.step(move, whole * LIVE[status], () => this.cloud.changeMigration(move.migrationId, { status }));
      if (this.goesWrong(move, whole * LIVE.done)) return;
      this.step(move, whole * LIVE.done, () => this.arriveLive(move));
    });
  }

  /** Answers 204 at once; the server is seen in VERIFY_RESIZE a little longer. */
  confirm(instance: Instance, caller: Caller): void {
    const move = this.settle(instance, 'confirmResize', 'confirming', caller);
    this.step(move, this.cloud.timings.confirmResize, ({ uuid }) => {
      this.cloud.releaseRoom(uuid);
      this.cloud.change(move.instanceId, { vmState: instance.running ? 'active' : 'stopped', taskState: null });
      this.end(move, 'confirmed', caller.projectId);
    });
  }

  revert(instance: Instance, caller: Caller): void {
    const move = this.settle(instance, 'revertResize', 'reverting', caller);
    this.cloud.change(instance.id, { taskState: 'resize_reverting' });
    this.step(move, this.cloud.timings.revertResize, ({ uuid, sourceHost }) => {
      this.cloud.allocations.takeBack(move.instanceId, uuid);
      const vmState = instance.running ? 'active' : 'stopped';
      this.cloud.change(move.instanceId, { host: sourceHost, vmState, taskState: null });
      this.end(move, 'reverted', caller.projectId);
    });
  }

  /** Aborts a live migration (2.24; queued and preparing ones from 2.65 on). */
  abort(instance: Instance, migration: Migration, microversion: number, caller: Caller): void {
    const abortable = microversion >= 65 ? ['queued', 'preparing', 'running'] : ['running'];
    requireMigrating(instance, 'abort live migration');
    if (!abortable.includes(migration.status))
      throw new Refusal(
        400,
        `Migration ${migration.id} state of instance ${instance.id} is ${migration.status}. Cannot abort live migration while the migration is in this state.`,
      );
    this.cloud.addAction(instance.id, 'live_migration_cancel', caller);
    this.cloud.allocations.takeBack(instance.id, migration.uuid);
    this.cloud.change(instance.id, { taskState: null });
    this.cloud.changeMigration(migration.id, { status: 'cancelled' }, caller.projectId);
  }

  /** Ends a running live migration now (2.22), however long it would have lasted. */
  forceComplete(instance: Instance, migration: Migration, caller: Caller): void {
    requireMigrating(instance, 'live_migrate_force_complete');
    if (migration.status !== 'running') {
      throw new Refusal(
        400,
        `Migration ${migration.id} state of instance ${instance.id} is ${migration.status}. Cannot force_complete while the migration is in this state.`,
      );
    }
    const action = this.cloud.addAction(instance.id, 'live_migration_force_complete', caller);
    this.arriveLive({ instanceId: instance.id, migrationId: migration.id, action });
  }

  private begin(instance: Instance, type: 'migration' | 'live-migration', status: string, caller: Caller): Migration {
    return this.cloud.addMigration({
      instanceId: instance.id,
      type,
      status,
      sourceHost: instance.host ?? '',
      targetHost: null,
      flavorNumber: instance.flavor.number,
      byProjectId: caller.projectId,
    });
  }

  private settle(instance: Instance, verb: string, status: string, caller: Caller): Move {
    requireState(instance, verb, ['resized'], caller);
    const migration = this.cloud.openMigration(instance.id);
    if (migration?.status !== 'finished') throw new Refusal(400, 'Instance has not been resized.');
    this.cloud.changeMigration(migration.id, { status });
    const action = this.cloud.addAction(instance.id, verb, caller);
    return { instanceId: instance.id, migrationId: migration.id, action };
  }

  private place(move: Move, requested: string | undefined): boolean {
    const instance = this.cloud.instance(move.instanceId);
    const target =
      instance === undefined
        ? undefined
        : (this.elsewhere(move, requested) ?? schedule(this.cloud, instance, requested)?.name);
    if (target === undefined) this.refuse(move);
    else this.claimTarget(move, target);
    return target !== undefined;
  }

  private progress(move: Move, status: string, taskState: string, moved = false): void {
    const migration = this.cloud.changeMigration(move.migrationId, { status });
    this.cloud.change(move.instanceId, { taskState, ...(moved ? { host: migration?.targetHost ?? null } : {}) });
  }

  private arrive(move: Move): void {
    const migration = this.cloud.changeMigration(move.migrationId, { status: 'finished' });
    this.cloud.change(move.instanceId, { vmState: 'resized', taskState: null, launched: this.cloud.now() });
    move.action.updated = this.cloud.now();
    this.arrived(move, migration?.targetHost);
  }

  private arriveLive(move: Move): void {
    const migration = this.cloud.openMigration(move.instanceId);
    if (migration === undefined) return;
    this.cloud.change(move.instanceId, { host: migration.targetHost, taskState: null });
    this.arrived(move, migration.targetHost);
    const { liveMigrationEnd } = this.cloud.timings;
    if (liveMigrationEnd === 0) this.leaveLive(move, migration.uuid);
    else this.step(move, liveMigrationEnd, ({ uuid }) => this.leaveLive(move, uuid));
  }

  /** The old host has done with it. */
  private leaveLive(move: Move, migrationUuid: string): void {
    this.cloud.releaseRoom(migrationUuid);
    this.end(move, 'completed', null);
  }

  private requireHost(name: string | undefined): void {
    if (name !== undefined && !this.cloud.hosts.has(name))
      throw new Refusal(400, `Compute host ${name} could not be found.`);
  }

  private liveTarget(
    instance: Instance,
    { target, force }: { readonly target?: string | undefined; readonly force: boolean },
  ): string | undefined {
    // Forced (2.30 to 2.67): the scheduler is not asked, Placement is.
    const host = this.cloud.hosts.get(target ?? '');
    if (force && host !== undefined)
      return host.name !== instance.host && this.cloud.allocations.fits(instance.flavor, host) ? host.name : undefined;
    return schedule(this.cloud, instance, target)?.name;
  }
}

/** Nova asks this before it looks at the migration. */
function requireMigrating({ id, taskState }: Instance, verb: string): void {
  if (taskState === 'migrating') return;
  throw new Refusal(409, `Cannot '${verb}' instance ${id} while it is in task_state ${taskState ?? 'None'}`);
}
