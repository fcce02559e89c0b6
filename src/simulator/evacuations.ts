import type { Cloud } from './cloud.js';
import type { Caller, Instance } from './records.js';
import { Refusal } from './refusal.js';
import { schedule } from './scheduler.js';
import { requireState } from './server-state.js';

/** Instants as parts of the whole. */
const REBUILT = { claimed: 0.2, spawning: 0.5, done: 1 } as const;

/**
 * Nova's evacuate: a server of a host that is down is built anew on another one. Placement shows it on both until the
 * old host comes back.
 */
export class Evacuations {
  constructor(private readonly cloud: Cloud) {}

  evacuate(instance: Instance, target: string | undefined, caller: Caller): void {
    requireState({ ...instance, taskState: null }, 'evacuate', ['active', 'stopped', 'error'], caller);
    this.requireDown(instance);
    if (target !== undefined && !this.cloud.hosts.has(target))
      throw new Refusal(404, `Compute host ${target} not found.`);
    if (target === instance.host) throw new Refusal(400, "The target host can't be the same one.");
    this.abandon(instance);
    const action = this.cloud.addAction(instance.id, 'evacuate', caller);
    const whole = this.cloud.timings.evacuation;
    const migration = this.cloud.addMigration({
      instanceId: instance.id,
      type: 'evacuation',
      status: 'accepted',
      sourceHost: instance.host ?? '',
      targetHost: null,
      flavorNumber: instance.flavor.number,
      byProjectId: caller.projectId,
    });
    this.cloud.change(instance.id, { taskState: 'rebuilding' });
    const step = (part: number, run: () => void): void =>
      this.cloud.timeline.after(whole * part, () => {
        const goesOn = (): boolean => this.cloud.openMigration(instance.id)?.id === migration.id;
        const target = this.cloud.openMigration(instance.id)?.targetHost ?? null;
        if (goesOn()) this.cloud.whenUp([target], () => goesOn() && run());
      });
    const end = (status: string, changes: Partial<Instance>): void => {
      action.updated = this.cloud.now();
      this.cloud.change(instance.id, { taskState: null, ...changes });
      this.cloud.changeMigration(migration.id, { status });
    };
    step(REBUILT.claimed, () => {
      const host = schedule(this.cloud, instance, target)?.name;
      if (host === undefined) {
        action.message = 'Error';
        return end('error', { vmState: 'error', fault: 'No valid host was found. ' });
      }
      this.claim(instance, host, migration.id);
      step(REBUILT.spawning - REBUILT.claimed, () => this.cloud.change(instance.id, { taskState: 'rebuild_spawning' }));
      step(REBUILT.done - REBUILT.claimed, () => {
        // What was stopped is stopped again; all else runs, also what was in ERROR.
        const running = instance.vmState !== 'stopped';
        const vmState = running ? 'active' : 'stopped';
        end('done', { host, vmState, running, cutOff: false, fault: null, launched: this.cloud.now() });
        this.cloud.log.add({ kind: 'move-arrived', migrationId: migration.id, instanceId: instance.id, to: host });
      });
    });
  }

  /** A move that stood still because its host died is over with it. */
  private abandon({ id, host }: Instance): void {
    const move = this.cloud.openMigration(id);
    if (move === undefined) return;
    if (move.targetHost === host) this.cloud.allocations.release(move.uuid);
    else this.cloud.allocations.takeBack(id, move.uuid);
    this.cloud.changeMigration(move.id, { status: 'error' });
  }

  private claim(instance: Instance, host: string, migrationId: number): void {
    const { allocations, log } = this.cloud;
    const held = allocations.of(instance.id);
    this.cloud.changeMigration(migrationId, { status: 'pre-migrating', targetHost: host });
    log.add({ kind: 'move-scheduled', migrationId, instanceId: instance.id, to: host });
    if (held === undefined) return;
    allocations.leaveBehind(instance.id);
    allocations.claim({ ...held, host });
  }

  private requireDown({ host: name }: Instance): void {
    const host = this.cloud.hosts.get(name ?? '');
    if (host?.up === true && !host.forcedDown)
      throw new Refusal(400, `Compute service of ${host.name} is still in use.`);
  }
}
