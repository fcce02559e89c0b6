import type { Cloud } from './cloud.js';
import type { Faults, MoveFate } from './faults/faults.js';
import type { InstanceActionRecord, Migration } from './records.js';
import { schedule } from './scheduler.js';

/** A migration under way; every step of it looks whether it still is. */
export interface Move {
  readonly instanceId: string;
  readonly migrationId: number;
  readonly action: InstanceActionRecord;
  /** What goes wrong with it. */
  readonly fate?: MoveFate | undefined;
}

/** What all kinds of moves have in common: how they go on, take and give back room, and end. */
export abstract class MoveSteps {
  constructor(
    protected readonly cloud: Cloud,
    protected readonly faults: Faults,
  ) {}

  /** The one place where steps of moves are put into the future; `run` is called only if the move still goes on. */
  protected step(move: Move, seconds: number, run: (migration: Migration) => void): void {
    const begun = move.action.started.getTime();
    const wait = Math.max(0, seconds - (this.cloud.now().getTime() - begun) / 1000);
    this.cloud.timeline.after(wait, () => {
      const migration = this.cloud.openMigration(move.instanceId);
      if (migration?.id !== move.migrationId) return;
      this.cloud.whenUp([migration.sourceHost, migration.targetHost], () => {
        const now = this.cloud.openMigration(move.instanceId);
        if (now?.id === move.migrationId) run(now);
      });
    });
  }

  protected claimTarget(move: Move, target: string): void {
    const migration = this.cloud.changeMigration(move.migrationId, { targetHost: target });
    const held = this.cloud.allocations.of(move.instanceId);
    if (migration === undefined || held === undefined) return;
    this.cloud.log.add({
      kind: 'move-scheduled',
      migrationId: migration.id,
      instanceId: move.instanceId,
      to: target,
    });
    this.cloud.allocations.hand(move.instanceId, migration.uuid);
    this.cloud.allocations.claim({ ...held, host: target });
  }

  /** "No valid host": back to what it was, to be seen only in the instance's actions and its migration. */
  protected refuse(move: Move): void {
    move.action.message = 'Error';
    this.cloud.change(move.instanceId, { taskState: null });
    this.end(move, 'error', null);
  }

  /** Ends a move half-way, or never, where that is its fate; false for all others. */
  protected goesWrong(move: Move, seconds: number): boolean {
    if (move.fate === undefined || move.fate === 'elsewhere') return false;
    // A stuck one stays as it is.
    if (move.fate === 'stuck') return true;
    this.step(move, seconds, ({ uuid }) => {
      this.cloud.allocations.takeBack(move.instanceId, uuid);
      move.action.message = 'Error';
      if (move.fate === 'error') {
        this.cloud.strike(move.instanceId);
        this.cloud.change(move.instanceId, { vmState: 'error', taskState: null, fault: 'The migration broke off.' });
      } else this.cloud.change(move.instanceId, { taskState: null });
      this.end(move, 'error', null);
    });
    return true;
  }

  /** Where a move ends whose fate it is to end on another host than was asked for, if there is one. */
  protected elsewhere({ instanceId, fate }: Move, requested: string | undefined): string | undefined {
    const instance = this.cloud.instance(instanceId);
    if (fate !== 'elsewhere' || instance === undefined) return undefined;
    const others = [...this.cloud.hosts.keys()].filter((name) => name !== requested);
    return others.find((name) => schedule(this.cloud, instance, name) !== undefined);
  }

  protected arrived(move: Move, to: string | null | undefined): void {
    const { migrationId, instanceId } = move;
    this.cloud.log.add({ kind: 'move-arrived', migrationId, instanceId, to: to ?? '' });
  }

  protected end(move: Move, outcome: string, byProjectId: string | null): void {
    move.action.updated = this.cloud.now();
    this.cloud.changeMigration(move.migrationId, { status: outcome }, byProjectId);
  }
}
