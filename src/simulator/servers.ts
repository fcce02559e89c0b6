import type { Cloud } from './cloud.js';
import { newInstance } from './cloud-population.js';
import type { Caller, Flavor, Instance } from './records.js';
import { Refusal } from './refusal.js';
import { schedule } from './scheduler.js';
import { requireState } from './server-state.js';

export interface BootRequest {
  readonly name: string;
  readonly flavor: Flavor;
  readonly zone: string | null;
  readonly groupId: string | null;
  /** The only host that is considered. */
  readonly host?: string | null;
}

/** What tenants do with their servers: boot, delete, stop, start. */
export class Servers {
  constructor(private readonly cloud: Cloud) {}

  /** The server begins in BUILD and ends in ACTIVE, or in ERROR where no host has room. */
  boot(request: BootRequest, caller: Caller): Instance {
    const project = this.cloud.projects.get(caller.projectId);
    if (project === undefined) throw new Refusal(403, 'Project unknown.');
    const instance = newInstance(this.cloud, {
      id: this.cloud.newUuid(),
      name: request.name,
      user: { id: caller.userId, project },
      flavor: request.flavor,
      groupId: request.groupId,
      pinnedZone: request.zone,
      host: null,
      vmState: 'building',
      taskState: 'scheduling',
      running: false,
    });
    this.cloud.addInstance(instance);
    const action = this.cloud.addAction(instance.id, 'create', caller);
    this.later(instance.id, Math.min(this.cloud.timings.scheduling, this.cloud.timings.boot), ({ taskState }) => {
      if (taskState === 'deleting') return;
      const host = schedule(this.cloud, instance, request.host ?? undefined);
      if (host === undefined) {
        action.message = 'Error';
        this.cloud.change(instance.id, { vmState: 'error', taskState: null, fault: 'No valid host was found. ' });
        return;
      }
      const { id: instanceId, projectId, userId, flavor } = instance;
      const claim = { instanceId, projectId, userId, resources: flavor };
      this.cloud.allocations.claim({ ...claim, consumer: instanceId, host: host.name });
      this.cloud.change(instanceId, { host: host.name, taskState: 'spawning' });
      this.later(instanceId, this.cloud.timings.boot - this.cloud.timings.scheduling, (spawned) => {
        if (spawned.taskState === 'deleting') return;
        const launched = this.cloud.now();
        action.updated = launched;
        this.cloud.change(instanceId, { vmState: 'active', taskState: null, running: true, launched });
      });
    });
    return instance;
  }

  /** Nova deletes in nearly every state; a move under way ends with its server. */
  delete(instance: Instance, caller: Caller): void {
    if (instance.locked && !caller.admin) throw new Refusal(409, `Instance ${instance.id} is locked`);
    if (instance.taskState === 'deleting') return;
    this.cloud.addAction(instance.id, 'delete', caller);
    const migration = this.cloud.openMigration(instance.id);
    this.cloud.change(instance.id, { taskState: 'deleting' });
    if (migration !== undefined) {
      const status = migration.status === 'finished' ? 'confirmed' : 'error';
      this.cloud.changeMigration(migration.id, { status }, caller.projectId);
    }
    this.later(instance.id, this.cloud.timings.deletion, (last) => {
      this.cloud.releaseRoom(instance.id);
      this.cloud.allocations.forgetLeftOvers(instance.id);
      if (migration !== undefined) this.cloud.releaseRoom(migration.uuid);
      this.cloud.removeInstance(last);
    });
  }

  /** By its owner or an admin; what is locked here was locked by its owner. */
  unlock(instance: Instance, caller: Caller): void {
    this.cloud.addAction(instance.id, 'unlock', caller);
    this.cloud.change(instance.id, { locked: false });
  }

  stop(instance: Instance, caller: Caller): void {
    requireState(instance, 'stop', ['active', 'error'], caller);
    this.power(instance, 'stop', { vmState: 'stopped', running: false }, caller);
  }

  start(instance: Instance, caller: Caller): void {
    requireState(instance, 'start', ['stopped'], caller);
    this.power(instance, 'start', { vmState: 'active', running: true }, caller);
  }

  /** Nova's createImage: the server runs on, and is busy until the image is uploaded. */
  snapshot(instance: Instance, caller: Caller): void {
    requireState(instance, 'createImage', ['active', 'stopped', 'paused', 'suspended'], caller);
    const action = this.cloud.addAction(instance.id, 'createImage', caller);
    this.cloud.change(instance.id, { taskState: 'image_snapshot' });
    const whole = this.cloud.timings.snapshot;
    const step = (part: number, taskState: string | null): void =>
      this.later(instance.id, whole * part, (busy) => {
        if (busy.taskState?.startsWith('image_') !== true) return;
        action.updated = this.cloud.now();
        this.cloud.change(instance.id, { taskState });
      });
    step(0.1, 'image_pending_upload');
    step(0.3, 'image_uploading');
    step(1, null);
  }

  /** Done by the server's nova-compute: by a dead one when it is back. */
  private power(instance: Instance, verb: 'stop' | 'start', after: Partial<Instance>, caller: Caller): void {
    const { id: instanceId, host } = instance;
    const action = this.cloud.addAction(instanceId, verb, caller);
    const byService = this.cloud.isService(caller.projectId);
    this.cloud.log.add({ kind: 'power', instanceId, on: verb === 'start', byService });
    const taskState = verb === 'stop' ? 'powering-off' : 'powering-on';
    this.cloud.change(instanceId, { taskState });
    this.later(instanceId, this.cloud.timings.power, () =>
      this.cloud.whenUp([host], () => {
        if (this.cloud.instance(instanceId)?.taskState !== taskState) return;
        action.updated = this.cloud.now();
        this.cloud.change(instanceId, { ...after, taskState: null });
      }),
    );
  }

  private later(instanceId: string, seconds: number, run: (instance: Instance) => void): void {
    this.cloud.timeline.after(Math.max(0, seconds), () => {
      const instance = this.cloud.instance(instanceId);
      if (instance !== undefined) run(instance);
    });
  }
}
