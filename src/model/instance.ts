import type { Blocked } from './host.js';
import type { MoveAction } from './states.js';

/** What an instance takes of a host; Placement's resource classes VCPU, MEMORY_MB, DISK_GB. */
export interface Resources {
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly diskGb: number;
}

export const NO_RESOURCES: Resources = { vcpus: 0, memoryMb: 0, diskGb: 0 };

export function addResources(a: Resources, b: Resources): Resources {
  return { vcpus: a.vcpus + b.vcpus, memoryMb: a.memoryMb + b.memoryMb, diskGb: a.diskGb + b.diskGb };
}

export function subtractResources(a: Resources, b: Resources): Resources {
  return { vcpus: a.vcpus - b.vcpus, memoryMb: a.memoryMb - b.memoryMb, diskGb: a.diskGb - b.diskGb };
}

/** Whether `wanted` is no more than `free` in every resource. */
export function fitsIn(wanted: Resources, free: Resources): boolean {
  return wanted.vcpus <= free.vcpus && wanted.memoryMb <= free.memoryMb && wanted.diskGb <= free.diskGb;
}

/** By size: vCPUs first, then memory, then disk. */
export function compareResources(a: Resources, b: Resources): number {
  return a.vcpus - b.vcpus || a.memoryMb - b.memoryMb || a.diskGb - b.diskGb;
}

/** An instance on the session's hosts, as the session knows it. Key: (sessionId, instanceId). */
export interface SessionInstance {
  readonly sessionId: string;
  readonly instanceId: string;
  readonly instanceName: string;
  readonly projectId: string;
  /** Its own group or the implicit one (v1 §4.1). */
  readonly groupId: string;
  /** Where it was last seen. */
  readonly host: string;
  /** Nova's status when last seen; `GONE` once Nova has it no more. */
  readonly state: string;
  /** Last answer of its project, e.g. `ACK_PLANNED_MAINTENANCE`. */
  readonly projectState: string | null;
  /** What was done with it last, or is being done. */
  readonly action: MoveAction | null;
  readonly actionDone: boolean;
  /** What it can't go on for, where that is kept for each instance. */
  readonly blocked?: Blocked | null;
}
