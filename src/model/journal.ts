/**
 * `begun`: intent is durable, the effect may or may not have happened; `done`, `failed`: the outcome is known;
 * `refused`: the world said no before anything happened (a fact, not a failure); `superseded`: it failed, and an admin
 * or a policy decided that it is to be done once more.
 */
export type JournalState = 'begun' | 'done' | 'failed' | 'refused' | 'superseded';

/**
 * What an effect does; steps within an effect have kind `step`. `settle` sees a move to its end that was given up while
 * the cloud was still at it, `start` starts what was stopped while its host was out, `room` has Placement hold the room
 * of a planned move, or lets it go.
 */
export type EffectKind = 'move' | 'settle' | 'start' | 'plugin' | 'service' | 'room' | 'step';

/** The durable row of one effect (L3). Unique: (sessionId, subject, action, attempt). */
export interface JournalEntry {
  readonly sessionId: string;
  readonly kind: EffectKind;
  /** Instance id or host name. */
  readonly subject: string;
  /** The host that the effect is about; null for steps within an effect. */
  readonly host: string | null;
  /** E.g. `MIGRATE`, `MIGRATE/confirm`, `compute/noop`, `disable`. */
  readonly action: string;
  /** Grows only by a recorded decision; from 1. */
  readonly attempt: number;
  readonly state: JournalState;
  /** Everything the effect needs to be run or resumed, e.g. the named target. */
  readonly intent: Record<string, unknown>;
  readonly outcome: Record<string, unknown> | null;
  /** After this much machine time an unanswered request can no longer be on its way, seconds. */
  readonly timeoutS: number;
  /** Times the world was asked to do it; more than one only after probes that said no. */
  readonly runs: number;
  readonly begunAt: Date;
  readonly endedAt: Date | null;
  /**
   * Machine seconds since it was begun, by the database's clock when the entry was read; what `timeoutS` is compared
   * with after a crash.
   */
  readonly ageS: number;
}

/** One impact of an instance: its place in the group and its room at the target, granted by admission (L5, v1 V2). */
export interface Impact {
  readonly sessionId: string;
  readonly instanceId: string;
  readonly attempt: number;
  readonly projectId: string;
  readonly groupId: string;
  readonly action: string;
  readonly sourceHost: string;
  /** Null for actions that Fenix names no target for. */
  readonly targetHost: string | null;
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly diskGb: number;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  /** End plus recovery time; until then it counts in its group. */
  readonly recoveredAt: Date | null;
}

/** An instance that Fenix stopped while its host is out, and owes a start (L6). */
export function isOwedStart({ action, endedAt }: Impact): boolean {
  return action === 'STOP_START' && endedAt === null;
}

/** Something the world taught about (instance, host): that target is not tried again while the fact stands. */
export interface Fact {
  readonly sessionId: string;
  readonly instanceId: string;
  readonly host: string;
  readonly code: string;
  readonly message: string;
  readonly at: Date;
}

/** One run of an action plug-in. Key: (sessionId, type, name, hostname). */
export interface PluginRun {
  readonly sessionId: string;
  readonly type: string;
  readonly name: string;
  readonly plugin: string;
  readonly hostname: string;
  /** What the plug-in returned; `RUNNING` meanwhile. */
  readonly state: string;
  readonly attempt: number;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  /** The end of what it printed so far; null = nothing. Every stored run has it. */
  readonly output?: string | null;
  /** What it found out so far; null = nothing. Every stored run has it. */
  readonly facts?: Readonly<Record<string, unknown>> | null;
}
