import type { Resources } from '../../../src/model/index.js';
import type { FleetInstance, FleetLimits, FleetSnapshot } from '../../../src/planner/fleet.js';

/** A cloud to run a session on, as it is before the session. */
export interface FleetCloud {
  readonly hosts: readonly CloudHost[];
  readonly groups: readonly CloudGroup[];
  /** Of each session by itself. */
  readonly limits: FleetLimits;
  /** Part of the moves that the target refuses. */
  readonly refusals: number;
  /** Part of the hosts whose actions fail: they stay as they are, and out of use. */
  readonly failures: number;
  readonly secondMoves: NonNullable<FleetSnapshot['secondMoves']>;
}

export interface CloudHost {
  readonly host: string;
  readonly zone: string;
  readonly sets: readonly string[];
  readonly capacity: Resources;
  /** What the planner is told that its actions take. */
  readonly expectedS: number;
  /** What they take. */
  readonly actionS: number;
  readonly instances: readonly CloudInstance[];
  /** By which of several sessions it is maintained; absent where there is one. */
  readonly session?: number;
}

export interface CloudInstance {
  readonly instanceId: string;
  readonly groupId: string;
  readonly resources: Resources;
  readonly way: FleetInstance['way'];
  readonly answerS: number;
  readonly moveS: number;
  readonly keepsRoom?: boolean;
}

export interface CloudGroup {
  readonly groupId: string;
  readonly maxImpacted: number;
  readonly maxPerHost: number;
  readonly recoveryS: number;
}

/** So many places of one vCPU, 1 GB and 10 GB each. */
export const places = (count: number): Resources => ({ vcpus: count, memoryMb: count * 1024, diskGb: count * 10 });

/** One move off a host at a time, and no other limit. */
export const NO_LIMITS: FleetLimits = {
  hosts: Number.POSITIVE_INFINITY,
  migrations: Number.POSITIVE_INFINITY,
  perSource: 1,
  perTarget: Number.POSITIVE_INFINITY,
  perSet: {},
  controllers: 1,
};
