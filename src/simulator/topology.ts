import { readFile } from 'node:fs/promises';
import { Ajv, type ErrorObject } from 'ajv';
import { FenixError, messageOf } from '../common/errors.js';
import type { Resources } from '../model/index.js';
import type { AlarmType } from './alarms/store.js';
import type { FaultPlan } from './faults/plan.js';
import type { Dialect, ManagerOptions } from './managers/options.js';
import type { ChurnOptions } from './tenant-churn.js';
import { bad, checkFaults, checkNames, checkRoom } from './topology-checks.js';
import { TOPOLOGY_SCHEMA } from './topology-schema.js';

/** A cloud to begin with, as it stands in a topology file (docs/simulator.md). */
export interface Topology {
  /** Ids that the file does not give are made from it; default 1. */
  readonly seed?: number;
  readonly timings?: Partial<Timings>;
  readonly flavors: readonly TopologyFlavor[];
  readonly hosts: readonly TopologyHost[];
  /** Names of machines that run nova-conductor and nova-scheduler; default one, `controller`. */
  readonly controllers?: readonly string[];
  readonly projects: readonly TopologyProject[];
  /** Besides them there is one for each zone but `nova`, of its name. */
  readonly aggregates?: readonly TopologyAggregate[];
  readonly alarms?: readonly TopologyAlarm[];
  /** With them there is a Masakari in the catalog. */
  readonly segments?: readonly TopologySegment[];
  /** Tenants that boot and delete all the time. */
  readonly churn?: ChurnOptions;
  readonly faults?: FaultPlan;
}

/** How long things take, in domain seconds. */
export interface Timings {
  readonly boot: number;
  /** From the accepted call to VERIFY_RESIZE. */
  readonly coldMigration: number;
  readonly liveMigration: number;
  /** From a live-migrated server's arrival until its migration is over, and its old host free of it. */
  readonly liveMigrationEnd: number;
  /** From the 204 to ACTIVE, VERIFY_RESIZE being seen until then. */
  readonly confirmResize: number;
  readonly revertResize: number;
  readonly deletion: number;
  readonly evacuation: number;
  /** Start and stop. */
  readonly power: number;
  /** During which a server is busy, and serves. */
  readonly snapshot: number;
  /** From an accepted call until the scheduler has chosen a host, or found none. */
  readonly scheduling: number;
  /** From the change of a compute service until Placement's COMPUTE_STATUS_DISABLED follows. */
  readonly disabledTraitLag: number;
  /** From the end of a deletion, a move or a confirmation until Placement shows the room as free. */
  readonly allocationLag: number;
}

export const DEFAULT_TIMINGS: Timings = {
  boot: 2,
  coldMigration: 5,
  liveMigration: 3,
  liveMigrationEnd: 0,
  confirmResize: 1,
  revertResize: 2,
  deletion: 1,
  evacuation: 10,
  power: 1,
  snapshot: 10,
  scheduling: 0.3,
  disabledTraitLag: 0,
  allocationLag: 0,
};

export interface TopologyFlavor extends Resources {
  readonly name: string;
}

export interface TopologyHost extends Resources {
  readonly name: string;
  /** Default `nova`. */
  readonly zone?: string;
  readonly enabled?: boolean;
  readonly disabledReason?: string;
  readonly up?: boolean;
  /** Domain seconds from the beginning until it goes down, or comes back. */
  readonly downAfter?: number;
  readonly upAfter?: number;
  /** What its hypervisor calls itself, default `fake`; the node of an `ironic` one has a name of its own. */
  readonly hypervisorType?: string;
  /** Runs nova-conductor as well. */
  readonly controller?: boolean;
  /** Its nova-compute is not stopped when its service is deleted: its resource provider stays in Placement. */
  readonly leavesProvider?: boolean;
}

/** A failover segment of Masakari. */
export interface TopologySegment {
  readonly name: string;
  readonly hosts: readonly string[];
}

export type GroupPolicy = 'anti-affinity' | 'affinity' | 'soft-anti-affinity' | 'soft-affinity';

export interface TopologyGroup {
  readonly name: string;
  readonly id?: string;
  /** With one it is a Nova server group, without one known to nobody but the judge and the manager. */
  readonly policy?: GroupPolicy;
  /** More members than that out of service at once are a violation; default: no limit. */
  readonly maxOutOfService?: number;
  /** More members than that on the move at once are a violation; its manager tells it as max_impacted_members. */
  readonly maxImpacted?: number;
  /** Domain seconds that the place of a moved member stays taken; its manager tells it as recovery_time. */
  readonly recoveryTime?: number;
}

export interface TopologyInstance {
  readonly name: string;
  readonly id?: string;
  readonly flavor: string;
  readonly host: string;
  readonly group?: string;
  /** Zone that it was booted for and must not leave. */
  readonly zone?: string;
  readonly floatingIp?: boolean;
  readonly locked?: boolean;
  readonly state?: 'ACTIVE' | 'SHUTOFF' | 'PAUSED' | 'SUSPENDED' | 'ERROR' | 'SOFT_DELETED';
  /** Default 1; 0 for a server without network. */
  readonly networks?: number;
  /** In each network, default 1. */
  readonly addresses?: number;
  /** Its owner has resized it from that host and not confirmed yet. */
  readonly resizedFrom?: string;
  /** Domain seconds from the beginning until the owner confirms that. */
  readonly confirmAfter?: number;
}

export interface TopologyAggregate {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
}

/** An alarm in Aodh beside those of managers. */
export interface TopologyAlarm {
  readonly name: string;
  /** Name of the project. */
  readonly project: string;
  readonly type: AlarmType;
  /** Of an event alarm: fnmatch pattern, default `*`. */
  readonly eventType?: string;
  readonly enabled?: boolean;
  /** URLs. */
  readonly actions?: readonly string[];
}

export interface TopologyProject {
  readonly name: string;
  /** 32 hexadecimal digits. */
  readonly id?: string;
  readonly groups?: readonly TopologyGroup[];
  readonly instances?: readonly TopologyInstance[];
  /** How its manager behaves: a dialect's name, or more of it. */
  readonly manager?: Dialect | ManagerOptions;
}

const validate = new Ajv({ allErrors: false, strict: false }).compile(TOPOLOGY_SCHEMA);

/** Checks what somebody wrote; throws FenixError `bad-topology` that names the field. */
export function parseTopology(value: unknown): Topology {
  if (!validate(value)) throw schemaError(validate.errors?.[0]);
  const topology = value as Topology;
  checkNames(topology);
  checkRoom(topology);
  checkFaults(topology);
  return topology;
}

/** Reads and checks a topology file. */
export async function readTopology(path: string): Promise<Topology> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new FenixError('input', 'bad-topology', `Cannot read topology ${path}: ${messageOf(error)}.`, {
      cause: error,
    });
  }
  return parseTopology(value);
}

function schemaError(error: ErrorObject | undefined): FenixError {
  const extra = (error?.params as { additionalProperty?: string; missingProperty?: string } | undefined) ?? {};
  const last = extra.additionalProperty ?? extra.missingProperty;
  const steps = (error?.instancePath ?? '').split('/').slice(1);
  if (last !== undefined) steps.push(last);
  const field = steps.map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step}`)).join('');
  const problem =
    extra.additionalProperty !== undefined
      ? 'is not known'
      : extra.missingProperty !== undefined
        ? 'is missing'
        : (error?.message ?? 'is not valid');
  return bad(field.replace(/^\./, ''), problem);
}
