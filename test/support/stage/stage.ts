import type { Resources } from '../../../src/model/index.js';
import type { CloudPort } from '../../../src/workflow/cloud-port.js';

/** Of flavor `small`, and of a compute host. */
export const SMALL: Resources = { vcpus: 2, memoryMb: 512, diskGb: 1 };
export const ROOM: Resources = { vcpus: 4, memoryMb: 8192, diskGb: 1028 };

/**
 * A cloud for the contract tests of src/openstack, simulated or real: computes compute-1, compute-2 and, in zone west and
 * disabled for a broken fan, compute-3; on compute-1 the servers `web`, with a floating IP, and `database`, stopped and
 * locked, both of flavor `small` and of one project.
 */
export interface Stage {
  /** With the rights of Fenix's user. */
  readonly cloud: CloudPort;
  /** With the rights of the servers' owner. */
  readonly asOwner: CloudPort;
  readonly projectId: string;
  readonly web: string;
  readonly database: string;
  /** Ids: an image, and flavor `small`. */
  readonly image: string;
  readonly flavor: string;
  /** Lets time pass until it holds. */
  becomes(holds: () => Promise<boolean>, what: string): Promise<void>;
  /** Whether its nova-compute runs; resolves when Nova knows. */
  setHostUp(host: string, up: boolean): Promise<void>;
  /** Creates an alarm in the owner's project (Aodh's POST /v2/alarms). */
  createAlarm(alarm: object): Promise<void>;
}
