import type {
  ActionType,
  HostState,
  HostType,
  MoveAction,
  SessionLimits,
  SessionPolicy,
  SessionScope,
  SessionState,
} from '../model/index.js';

/** Body of POST /v1/maintenance (fenix-v1 §1.2). */
export interface NewSession {
  /** `YYYY-MM-DD HH:MM:SS`, UTC. */
  readonly maintenance_at: string;
  readonly state?: 'MAINTENANCE';
  readonly workflow?: string;
  readonly hosts?: readonly string[];
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly actions?: readonly NewAction[];
  /** URLs; each file ends in `#sha256=<hex>`. */
  readonly download?: readonly string[];
  /** Instead of hosts. */
  readonly scope?: SessionScope;
  readonly limits?: SessionLimits;
  readonly policy?: SessionPolicy;
}

export interface NewAction {
  readonly plugin: string;
  readonly type: ActionType;
  readonly name?: string;
  readonly order?: number;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Times are `YYYY-MM-DDTHH:MM:SS`, UTC. */
export interface SessionSummary {
  readonly session_id: string;
  readonly state: SessionState;
  readonly paused_at: string | null;
}

export interface SessionReason {
  readonly code: string;
  readonly message: string;
  readonly host?: string;
  readonly project_id?: string;
  readonly instance_id?: string;
  readonly plugin?: string;
  readonly at: string;
}

export interface SessionWait {
  readonly for: string;
  readonly message: string;
  readonly since: string;
  readonly until: string;
}

/** What a host or an instance waits for. */
export interface BlockedDetail {
  readonly because: string;
  readonly message: string;
  readonly since: string;
  readonly until: string;
}

export interface HostDetail {
  readonly hostname: string;
  readonly type: HostType;
  readonly maintained: boolean;
  readonly disabled: boolean;
  readonly disabled_before: boolean;
  readonly state: HostState;
  /** An action brought it into the cloud, or took it out for good. */
  readonly scaled?: 'added' | 'removed';
  readonly blocked?: BlockedDetail;
}

export interface ProjectDetail {
  readonly project_id: string;
  readonly state: string;
  readonly scaled_in: boolean;
  readonly notified_at: string | null;
  readonly reply_at: string | null;
  readonly replies: number;
  readonly rounds: number;
}

export interface InstanceDetail {
  readonly instance_id: string;
  readonly instance_name: string;
  readonly project_id: string;
  readonly group_id: string;
  readonly host: string;
  readonly state: string;
  readonly project_state: string | null;
  readonly action: MoveAction | null;
  readonly action_done: boolean;
  /** Fenix stopped it, and has not started it again. */
  readonly stopped?: true;
  /** There was room for one more of its kind while it was impacted; absent where nobody wanted that. */
  readonly room_kept?: boolean;
  /** Of a workflow that says so of each instance. */
  readonly blocked?: BlockedDetail;
}

export interface PluginRunDetail {
  readonly name: string;
  readonly plugin: string;
  readonly type: string;
  readonly hostname: string;
  readonly state: string;
  readonly attempt: number;
  /** The end of what it has printed so far; null = nothing. */
  readonly output: string | null;
  /** What it has found out so far; null = nothing. */
  readonly facts: Readonly<Record<string, unknown>> | null;
}

export interface DownloadDetail {
  readonly url: string;
  readonly state: 'waiting' | 'coming' | 'done' | 'failed';
  /** Hex; null until it has come once. */
  readonly sha256: string | null;
  /** How much of it has come; null where its server does not say how much it is. */
  readonly percent: number | null;
}

export interface ImpactDetail {
  readonly instance_id: string;
  readonly group_id: string;
  readonly action: string;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly recovered_at: string | null;
}

/** Answer of GET /v1/maintenance/{sid}/detail (fenix-v1 §1.4). */
export interface SessionDetail extends SessionSummary {
  readonly prev_state: SessionState | null;
  readonly workflow: string;
  readonly maintenance_at: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly scope: SessionScope;
  readonly limits: SessionLimits;
  readonly policy: SessionPolicy;
  readonly download: readonly DownloadDetail[];
  readonly percent_done: number;
  readonly reason: SessionReason | null;
  readonly waiting: SessionWait | null;
  readonly hosts: readonly HostDetail[];
  readonly excluded: readonly { readonly hostname: string; readonly reason: string }[];
  readonly projects: readonly ProjectDetail[];
  readonly instances: readonly InstanceDetail[];
  readonly action_plugins: readonly Required<NewAction>[];
  readonly action_plugin_instances: readonly PluginRunDetail[];
  readonly impacts: readonly ImpactDetail[];
  readonly left: LeftDetail;
}

/** What nobody looks after any more, or does not get through. */
export interface LeftDetail {
  /** Names of hosts whose compute service stays disabled. */
  readonly hosts: readonly string[];
  readonly moves: readonly { readonly instance_id: string; readonly action: string; readonly state: string }[];
  /** Ids of instances that were stopped and not started again. */
  readonly stopped: readonly string[];
  /** Ids of those that scaled in and were not told MAINTENANCE_COMPLETE. */
  readonly projects: readonly string[];
  readonly notifications: readonly {
    readonly event_type: string;
    readonly attempts: number;
    readonly error: string | null;
  }[];
}

/** Body of a project's reply. */
export interface ReplyRequest {
  /** `ACK_<state>` or `NACK_<state>`; may be left out with `defer_seconds`. */
  readonly state?: string;
  /** More time, in seconds. */
  readonly defer_seconds?: number;
  readonly instance_actions?: Readonly<Record<string, string>>;
  readonly instance_action?: string;
}

/** When a deferred notice is due. */
export interface ReplyAnswer {
  readonly reply_at?: string | null;
  readonly actions_at?: string | null;
}

export interface Health {
  /** `degraded`: requests are taken, but engines or the broker are away. */
  readonly status: 'ok' | 'degraded' | 'error';
  readonly checks: {
    readonly database: { readonly ok: boolean };
    readonly engines: { readonly ok: boolean; readonly alive: number };
    readonly broker?: { readonly ok: boolean };
  };
}
