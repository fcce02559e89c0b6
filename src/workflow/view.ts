import type {
  Fact,
  Impact,
  InstanceAction,
  JournalEntry,
  Notice,
  Placeholder,
  Session,
  SessionAction,
  SessionHost,
  SessionPolicy,
} from '../model/index.js';
import type { FleetPlan, FleetSnapshot } from '../planner/fleet.js';
import type { HostPlan, HostPlanSnapshot } from '../planner/host-plan.js';
import type { Aggregate, ComputeService, HostCapacity, Server } from './cloud-port.js';
import type { ConstraintBook } from './constraint-book.js';

/** Everything a state handler decides from; read afresh before every call. */
export interface SessionView {
  readonly now: Date;
  readonly session: Session;
  readonly settings: WorkflowSettings;
  /** The session's hosts; excluded ones are not among them. */
  readonly hosts: readonly SessionHost[];
  /** Those that an action of the session is still to take out of the cloud for good. */
  readonly retiring: ReadonlySet<string>;
  /**
   * Oldest first. Notices that ask for nothing, and those about hosts that are through with everything, are left out.
   */
  readonly notices: readonly Notice[];
  /**
   * Moves, plug-in runs and service changes, with every attempt and oldest first, on the engine itself and on hosts
   * that are neither waiting nor through with everything; starts of stopped instances on all.
   */
  readonly effects: readonly JournalEntry[];
  /** Adopted plans by host, the newest of each, for hosts that are not maintained yet. */
  readonly plans: ReadonlyMap<string, HostPlan>;
  readonly facts: readonly Fact[];
  readonly constraints: ConstraintBook;
  /** Of all sessions: whatever still counts in a group or reserves room, or did when the cloud was read. */
  readonly impacts: readonly Impact[];
  /** Of all sessions: room that Placement holds, or may hold, for instances that are to come. */
  readonly placeholders: readonly Placeholder[];
  /** Some notification could not be handed to the broker yet: silence means nothing meanwhile (L7). */
  readonly undelivered: boolean;
  readonly cloud: CloudView;
}

/** One reading of the cloud. */
export interface CloudView {
  readonly at: Date;
  readonly services: readonly ComputeService[];
  readonly servers: readonly Server[];
  readonly capacities: readonly HostCapacity[];
}

/** What a handler may ask for beyond its view. */
export interface WorkflowTools {
  /** The pure planner, off the event loop. */
  planHost(snapshot: HostPlanSnapshot): Promise<HostPlan>;
  /** The pure planner of all hosts together, likewise. */
  planFleet(snapshot: FleetSnapshot): Promise<FleetPlan>;
  /** How long things took in this session so far. */
  durations(): Promise<LearnedDurations>;
  aggregates(): Promise<readonly Aggregate[]>;
  ironicHosts(): Promise<readonly string[]>;
  /** Whether an action can look at hosts before anything begins. */
  hasCheck(action: Pick<SessionAction, 'plugin' | 'metadata'>): boolean;
  /** Whether the action takes that host out of the cloud for good, if the session has it. */
  removes(action: Pick<SessionAction, 'plugin' | 'metadata'>, host: string): boolean;
  /** Which of the projects have a manager, i.e. an alarm on maintenance.scheduled. */
  projectsWithManager(projectIds: readonly string[]): Promise<ReadonlySet<string>>;
}

/** Medians of what the session has seen last, seconds of domain time; absent where it has seen none yet. */
export interface LearnedDurations {
  /** Of moves, by action. */
  readonly moves: ReadonlyMap<string, number>;
  /** From a notice about an instance to the answer, by project. */
  readonly answers: ReadonlyMap<string, number>;
  /** Of all actions on a host together. */
  readonly actions?: number;
}

/** Windows, time-outs (seconds of domain time) and limits from the configuration (v1 §7). */
export interface WorkflowSettings {
  readonly projectMaintenanceReplyS: number;
  readonly projectScaleInReplyS: number;
  readonly notifyRetries: number;
  readonly scaleInNoGainRounds: number;
  readonly coldMigrationTimeoutS: number;
  readonly liveMigrationWaitS: number;
  readonly liveMigrationRetries: number;
  /** What outlasts its time is aborted, or first forced to its end. */
  readonly liveMigrationTimeoutAction: 'abort' | 'force_complete';
  readonly ownActionTimeoutS: number;
  readonly actionPluginTimeoutS: number;
  readonly busyTimeoutS: number;
  readonly blockedTimeoutS: number;
  /** Compute hosts in work at once, where the session has no limit of its own. */
  readonly maxParallelHosts: number;
  /** Controllers, likewise; the quorum may allow fewer. */
  readonly maxParallelControllers: number;
  /** What a move, and the actions on a host, are reckoned to take before any was seen. */
  readonly expectedMoveS: number;
  readonly expectedActionS: number;
  readonly defaultMaxImpacted: number;
  readonly defaultRecoveryTimeS: number;
  readonly askTimeoutS: number;
  readonly maxDeferS: number;
  /** Cloud-wide defaults of the session's policy. */
  readonly policy: SessionPolicy;
}

/** What v1 offers a project for an instance that must leave its host. */
export const OFFERED_ACTIONS: readonly InstanceAction[] = ['MIGRATE', 'LIVE_MIGRATE', 'OWN_ACTION'];
