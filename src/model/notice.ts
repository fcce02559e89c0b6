import type { Question } from './host.js';
import type { InstanceAction, NoticeState } from './states.js';

/**
 * How a notice ended: `informed` for those that expect no answer, `gone` when none of its instances is left, `forced`
 * when policy or an admin went on as if it was acknowledged, `tolerated` when a refusal or silence was let pass.
 */
export type NoticeOutcome = 'ack' | 'nack' | 'silent' | 'informed' | 'gone' | 'cancelled' | 'forced' | 'tolerated';

/** One thing a project was told and, mostly, has to answer (v1 §2). Key: (sessionId, noticeId). */
export interface Notice {
  readonly sessionId: string;
  /** Grows within the session. */
  readonly noticeId: number;
  readonly projectId: string;
  /** Set in `vnf` style and for INSTANCE_ACTION_DONE: the notice is about this one. */
  readonly instanceId: string | null;
  /** The host to be emptied, where the notice is about one. */
  readonly host: string | null;
  readonly state: NoticeState;
  readonly allowedActions: readonly InstanceAction[];
  /** What the notice is about; what GET of endpoint 7 lists while it is open. */
  readonly instanceIds: readonly string[];
  readonly actionsAt: Date | null;
  readonly replyAt: Date | null;
  /** Repeats sent so far. */
  readonly repeats: number;
  /** Seconds granted so far to a project that asked for more time. */
  readonly deferredS: number;
  readonly openedAt: Date;
  /** Null while the answer is awaited. */
  readonly closedAt: Date | null;
  readonly outcome: NoticeOutcome | null;
  /** What the project chose, by instance id; filled when it acknowledged. */
  readonly actions: Readonly<Record<string, InstanceAction>>;
  readonly question: Question | null;
  /** What the planner of a whole fleet had in mind with it; null or absent where there is no such plan. */
  readonly planned?: NoticePlan | null;
}

/** Kept with a notice, so that the next plan, also another engine's, goes on from there. */
export interface NoticePlan {
  /** The host that was proven to take the instance and holds its place; null where its project decides. */
  readonly target?: string | null;
  /**
   * Of the instances that want room for one more of their kind (V6), whether it is kept: from the notice to the end of the
   * move, as far as it goes.
   */
  readonly room?: Readonly<Record<string, boolean>>;
  /** How much a SCALE_IN asks of the project, and how many instances it had then (v1 §1.2 `scale_in`). */
  readonly scaleIn?: { readonly instances: number; readonly vcpus: number; readonly had: number };
}

/** A project's answer as it came (v1 §1.2); the owner of the session consumes it. */
export interface Reply {
  readonly replyId: number;
  readonly sessionId: string;
  readonly projectId: string;
  /** Set when it came by the instance's URL. */
  readonly instanceId: string | null;
  /** `ACK_<state>` or `NACK_<state>`; `DEFER` or `DEFER_<state>` asks for more time. */
  readonly state: string;
  /** Null unless it asks for more time. */
  readonly deferSeconds: number | null;
  readonly instanceActions: Readonly<Record<string, string>>;
  /** For every instance of the notice. */
  readonly instanceAction: string | null;
  readonly userId: string;
  readonly requestId: string;
  readonly receivedAt: Date;
  readonly handledAt: Date | null;
}

/** `continue-session` is PUT of a failed session; the others are the keys of v1 §1.5. */
export const COMMAND_KINDS = [
  'delete',
  'continue-session',
  'pause',
  'resume',
  'abort',
  'retry_host',
  'skip_host',
  'mark_host_done',
  'add_hosts',
  'continue',
  'freeze',
  'thaw',
] as const;
export type CommandKind = (typeof COMMAND_KINDS)[number];

/** What an admin wants done to a session; the owner of the session consumes it. */
export interface Command {
  readonly commandId: number;
  readonly sessionId: string;
  readonly kind: CommandKind;
  readonly args: Record<string, unknown>;
  readonly userId: string;
  readonly requestId: string;
  readonly receivedAt: Date;
  readonly handledAt: Date | null;
}
