/* What an admin said about a session, in the words of the request (v1 §1.2); absent = the cloud-wide default. */

/** Narrows discovery. */
export interface SessionScope {
  readonly aggregate?: string;
  readonly zone?: string;
  readonly exclude_hosts?: readonly string[];
}

/** A number, or a share of all there are, e.g. `20%`. */
export type Limit = number | string;

export interface SessionLimits {
  /** Compute hosts in work at once. */
  readonly hosts?: Limit;
  /** Controllers in work at once; a share counts of the session's. Never more than a minority of the cloud's. */
  readonly controllers?: Limit;
  /** Moves at once. */
  readonly migrations?: Limit;
  /** Moves at once from one host, and to one host. */
  readonly migrations_per_host?: Limit;
  /** Hosts in work at once in a zone. */
  readonly per_zone?: Limit;
}

/** How far a refusal or failure reaches (v1 §5.4). */
export type Reach = 'fail' | 'skip_host' | 'force' | 'ask';

/** What may differ by project. */
export interface ProjectPolicy {
  readonly nack?: Reach;
  readonly silence?: Reach;
  readonly instance_failed?: Reach;
  readonly no_manager?: 'fail' | 'proceed';
  readonly constraints?: 'defaults' | 'require';
  readonly immovable?: 'fail' | 'skip_host' | 'stop_while_out';
  /** Seconds. */
  readonly project_maintenance_reply?: number;
  /** Seconds. */
  readonly project_scale_in_reply?: number;
}

export interface SessionPolicy extends ProjectPolicy {
  readonly plugin_failed?: Reach;
  /** Hosts that may be lost; null or absent = no limit. */
  readonly failure_budget?: number | null;
  readonly down_hosts?: 'exclude' | 'evacuate' | 'fail';
  readonly steer_new?: 'none' | 'disable_waiting';
  readonly hold_room?: 'none' | 'placeholders';
  readonly per_project?: Readonly<Record<string, ProjectPolicy>>;
}

/** `limit` of `all`: a share is rounded down, and at least 1. Undefined = no limit given. */
export function limitOf(limit: Limit | undefined, all: number): number | undefined {
  if (limit === undefined || typeof limit === 'number') return limit;
  return Math.max(1, Math.floor((all * Number.parseInt(limit, 10)) / 100));
}

/** A policy key's value for a project: its own word, else the session's, else the cloud's. */
export function policyFor<K extends keyof ProjectPolicy>(
  key: K,
  policy: SessionPolicy,
  defaults: SessionPolicy,
  projectId?: string,
): ProjectPolicy[K] {
  const own = projectId === undefined ? undefined : policy.per_project?.[projectId]?.[key];
  return own ?? policy[key] ?? defaults[key];
}
