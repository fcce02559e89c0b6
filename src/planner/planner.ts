import { Worker } from 'node:worker_threads';
import type { FleetSnapshot } from './fleet.js';
import type { HostPlan, HostPlanSnapshot } from './host-plan.js';

import { planHost } from './plan-host.js';
import { type PackedPlan, planAndPack } from './plan-record.js';

/** The pure planner behind a promise, so that it can be kept off the event loop that renews leases (L2). */
export interface Planner {
  planHost(snapshot: HostPlanSnapshot): Promise<HostPlan>;
  /** With the plan as it is to be kept (L8) if `pack`, made where it costs the caller no time. */
  planFleet(snapshot: FleetSnapshot, pack: boolean): Promise<PackedPlan>;
  close(): Promise<void>;
}
export const Planner: unique symbol = Symbol('Planner');

/** Plans on the caller's own thread: for tests and small clouds. */
export const inlinePlanner: Planner = {
  planHost: (snapshot) => Promise.resolve(planHost(snapshot)),
  planFleet: (snapshot, pack) => Promise.resolve(planAndPack(snapshot, pack)),
  close: () => Promise.resolve(),
};

/** What the thread is asked, by the function that answers. */
export type PlannerRequest =
  | { readonly plan: 'host'; readonly snapshot: HostPlanSnapshot }
  | { readonly plan: 'fleet'; readonly snapshot: FleetSnapshot; readonly pack: boolean };

interface Pending {
  resolve(plan: HostPlan & PackedPlan): void;
  reject(error: Error): void;
}

/** Plans in a worker thread, started with the first plan and again after it died. */
export class ThreadPlanner implements Planner {
  private worker: Worker | undefined;
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;

  planHost(snapshot: HostPlanSnapshot): Promise<HostPlan> {
    return this.asked({ plan: 'host', snapshot });
  }

  planFleet(snapshot: FleetSnapshot, pack: boolean): Promise<PackedPlan> {
    return this.asked({ plan: 'fleet', snapshot, pack });
  }

  async close(): Promise<void> {
    await this.worker?.terminate();
    this.worker = undefined;
  }

  private asked(request: PlannerRequest): Promise<HostPlan & PackedPlan> {
    return new Promise((resolve, reject) => {
      this.lastId += 1;
      this.pending.set(this.lastId, { resolve, reject });
      this.started().postMessage({ id: this.lastId, request });
    });
  }

  private started(): Worker {
    if (this.worker === undefined) {
      const worker = new Worker(new URL('./worker.js', import.meta.url));
      worker.unref();
      worker.on('message', ({ id, plan }: { id: number; plan: HostPlan & PackedPlan }) => {
        this.pending.get(id)?.resolve(plan);
        this.pending.delete(id);
      });
      // The thread's errors are of another realm, so not instances of our Error.
      worker.on('error', ({ message }) => this.died(worker, new Error(`The planner thread died: ${message}`)));
      worker.on('exit', () => this.died(worker, new Error('the planner thread ended')));
      this.worker = worker;
    }
    return this.worker;
  }

  private died(worker: Worker, error: Error): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }
}
