import type { Resources } from '../model/index.js';

/** What the planner knows of a host that may receive instances. */
export interface PlanTarget {
  readonly host: string;
  readonly zone: string;
  /** Capacity less what is there and what is reserved for others. */
  readonly free: Resources;
  /** How many members of each group that is limited per host are there or on their way. */
  readonly members?: Readonly<Record<string, number>>;
}

export interface PlanInstance {
  readonly instanceId: string;
  readonly zone: string;
  readonly resources: Resources;
  /** Set where its group is limited per host (V4). */
  readonly group?: { readonly groupId: string; readonly maxPerHost: number };
  /** Room for one more of its kind is wanted until it has moved (V6). Absent = no. */
  readonly keepsRoom?: true;
  /** Hosts that refused it. */
  readonly refusedBy: readonly string[];
}

/** Everything a plan for emptying one host is made from; plain data, stored with the plan (L8). */
export interface HostPlanSnapshot {
  readonly host: string;
  readonly instances: readonly PlanInstance[];
  /** Others of the host that need no target and want room for one more of their kind. Absent = none. */
  readonly alsoKeep?: readonly PlanInstance[];
  readonly targets: readonly PlanTarget[];
}

export interface PlannedMove {
  readonly instanceId: string;
  readonly target: string;
}

export interface PlanRefusal {
  readonly instanceId: string;
  readonly because: 'no-room' | 'refused-everywhere' | 'anti-affinity';
  readonly message: string;
}

/** Where every instance of a host goes, or why it can't. */
export interface HostPlan {
  readonly host: string;
  readonly moves: readonly PlannedMove[];
  readonly blocked: readonly PlanRefusal[];
  /** Those that want room for one more of their kind and for which these moves leave none. Absent = none of them. */
  readonly unkept?: readonly string[];
}
