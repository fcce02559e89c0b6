/** What a project allows for one instance, best first; `NO_MIGRATION` forbids every way (v1 §4.2). */
export type MigrationChoice = 'MIGRATE' | 'LIVE_MIGRATE' | 'OWN_ACTION' | 'NO_MIGRATION';

/** Who wrote a constraint record; records are kept per (id, owner), so nobody can occupy another's id (v1 §1.3). */
export interface ConstraintOwner {
  /** Project of the writer's token. */
  readonly ownerProjectId: string;
  /** Written with the admin role: holds where the instance's own project wrote none. */
  readonly byAdmin: boolean;
}

/** A project's limits for one instance (v1 §4.1, §4.2). Key: (instanceId, ownerProjectId). */
export interface InstanceConstraints extends ConstraintOwner {
  readonly instanceId: string;
  readonly groupId: string | null;
  /** How long a live migration may take, seconds. */
  readonly maxInterruptionTimeS: number;
  /** Ordered best first, never empty: ETSI's list where given, else `migration_type` alone. */
  readonly migrationTypes: readonly MigrationChoice[];
  /** From notice to action at the earliest, seconds; null = `project_maintenance_reply`. */
  readonly leadTimeS: number | null;
  /** Null = the group's word counts. */
  readonly resourceMitigation: boolean | null;
  /** The object as GET shows it, defaults filled in. */
  readonly record: Readonly<Record<string, unknown>>;
}

/** A row of ETSI's tables: for groups of that size, or for all other sizes. */
export interface SizedLimit {
  readonly groupSize: number | null;
  readonly value: number;
}

/** A project's limits for a group of instances (v1 §4.1, §4.2). Key: (groupId, ownerProjectId). */
export interface GroupConstraints extends ConstraintOwner {
  readonly groupId: string;
  readonly antiAffinity: boolean;
  /** Members on one host; 0 = no limit. Already 1 where anti-affinity gave none. */
  readonly maxInstancesPerHost: number;
  readonly maxImpactedMembers: number;
  /** ETSI's table; wins over the scalar where it has an answer. Empty = none. */
  readonly maxImpactedTable: readonly SizedLimit[];
  /** Members that must stay in service; empty = none. */
  readonly minPreservedTable: readonly SizedLimit[];
  readonly recoveryTimeS: number;
  readonly leadTimeS: number | null;
  readonly resourceMitigation: boolean;
  /** Opt-in to INSTANCE_ACTION_FALLBACK and INSTANCE_ACTION_FAILED. */
  readonly notifyStates: readonly string[];
  readonly record: Readonly<Record<string, unknown>>;
}

/**
 * The row for a group of `size`: the one of that size; else the stricter of the nearest smaller one and the one without
 * size; undefined when the table has no answer (v1 §4.2).
 * @param stricter picks of two limits the one that allows less
 */
export function limitForSize(
  table: readonly SizedLimit[],
  size: number,
  stricter: (a: number, b: number) => number,
): number | undefined {
  const exact = table.find((row) => row.groupSize === size);
  if (exact !== undefined) return exact.value;
  const smaller = table
    .filter((row) => row.groupSize !== null && row.groupSize < size)
    .sort((a, b) => (b.groupSize ?? 0) - (a.groupSize ?? 0))[0];
  const general = table.find((row) => row.groupSize === null);
  if (smaller === undefined || general === undefined) return (smaller ?? general)?.value;
  return stricter(smaller.value, general.value);
}

/** Members of a group of `size`, `inService` of which serve, that may be impacted at the same time (v1 §4.2). */
export function allowedImpacts(group: GroupConstraints, size: number, inService: number): number {
  const most = limitForSize(group.maxImpactedTable, size, Math.min) ?? group.maxImpactedMembers;
  const preserved = limitForSize(group.minPreservedTable, size, Math.max) ?? 0;
  return Math.max(0, Math.min(most, inService - preserved));
}
