import type {
  Fact,
  Impact,
  InstanceAction,
  JournalEntry,
  Notice,
  PluginRun,
  Session,
  SessionHost,
  SessionInstance,
  SessionProject,
} from '../model/index.js';
import type { HostPlan, HostPlanSnapshot } from '../planner/host-plan.js';
import type { ComputeService, HostCapacity, Server } from './cloud-port.js';

/** Everything a state handler decides from; read afresh before every call. */
export interface SessionView {
  readonly now: Date;
  readonly session: Session;
  readonly settings: WorkflowSettings;
  /** The session's hosts; excluded ones are not among them. */
  readonly hosts: readonly SessionHost[];
  readonly projects: readonly SessionProject[];
  readonly instances: readonly SessionInstance[];
  /** Oldest first. */
  readonly notices: readonly Notice[];
  /** Moves, plug-in runs and service changes, with every attempt; steps within them are left out. */
  readonly effects: readonly JournalEntry[];
  readonly pluginRuns: readonly PluginRun[];
  /** Adopted plans by host, the newest of each. */
  readonly plans: ReadonlyMap<string, HostPlan>;
  readonly facts: readonly Fact[];
  /** Of all sessions: whatever still counts in a group or reserves room. */
  readonly impacts: readonly Impact[];
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
  /** Which of the projects have a manager, i.e. an alarm on maintenance.scheduled. */
  projectsWithManager(projectIds: readonly string[]): Promise<ReadonlySet<string>>;
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
  readonly ownActionTimeoutS: number;
  readonly actionPluginTimeoutS: number;
  readonly busyTimeoutS: number;
  readonly blockedTimeoutS: number;
  readonly defaultMaxImpacted: number;
  readonly defaultRecoveryTimeS: number;
}

/** What v1 offers a project for an instance that must leave its host. */
export const OFFERED_ACTIONS: readonly InstanceAction[] = ['MIGRATE', 'LIVE_MIGRATE', 'OWN_ACTION'];
