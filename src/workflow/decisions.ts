import type {
  HostState,
  HostType,
  Impact,
  InstanceAction,
  JournalEntry,
  MoveAction,
  Notice,
  NoticeOutcome,
  NoticePlan,
  NoticeState,
  Placeholder,
  Reason,
  SessionState,
} from '../model/index.js';
import type { HostPlan, HostPlanSnapshot } from '../planner/host-plan.js';

/** What a state handler answers. */
export type Step = GoTo | WaitFor | Do | DoApart;

/** The session changes its state. */
export interface GoTo {
  readonly to: SessionState;
  /** A sentence for the history. */
  readonly why: string;
  /** Required with MAINTENANCE_FAILED. */
  readonly reason?: Omit<Reason, 'at'>;
  /** The state only says what the hosts are doing, so it may follow where no step by step workflow goes (v1 §5.3). */
  readonly derived?: true;
}

/**
 * Nothing to do before somebody wakes the session or `until` has come; then the handler is asked again. One that answers
 * with a time that is over already has nothing left to wait for: the session fails, with the message as reason.
 */
export interface WaitFor {
  readonly wait: {
    /** Stable word (L7). */
    readonly for: string;
    readonly message: string;
    readonly until: Date;
    /** Look at the cloud again meanwhile: what is waited for happens there and nobody tells. */
    readonly poll?: boolean;
    /** The hosts that can't go on for it: the detail says so of each (v1 §1.4 `blocked`). */
    readonly hosts?: readonly string[];
    /** The same where each host or instance waits for something of its own. */
    readonly held?: readonly Held[];
  };
}

/** What a host, or one instance on it, can't go on for. */
export interface Held {
  readonly host: string;
  /** Absent where it is the host itself. */
  readonly instanceId?: string;
  /** Stable word (L7). */
  readonly because: string;
  readonly message: string;
  /** When that ends by itself, one way or the other. */
  readonly until: Date;
}

/** Carried out in order; then the handler is asked again. */
export interface Do {
  readonly do: readonly Decision[];
}

/**
 * Several that don't depend on each other: each list is carried out in order, up to the first decision that the world
 * does not allow yet, and holds none of the others back. Then the handler is asked again; where nothing could be carried
 * out, a little later.
 */
export interface DoApart {
  readonly apart: readonly (readonly Decision[])[];
  readonly held?: readonly Held[];
}

export type Decision =
  | JoinHosts
  | OpenNotice
  | RepeatNotice
  | CloseNotice
  | AdoptPlan
  | TakeHost
  | GiveHostBack
  | SteerAway
  | StopSteering
  | VerifyEmpty
  | SetHostState
  | MoveInstance
  | StartInstance
  | RunPlugin
  | LoseHost
  | AskAdmin
  | OverrulePlugin
  | FailMove
  | MoveOtherwise
  | ExtendNotice
  | LoseRoom
  | LetRoomGo;

/** The hosts become part of the session; claims them against other sessions. */
export interface JoinHosts {
  readonly kind: 'join-hosts';
  readonly hosts: readonly {
    readonly hostname: string;
    readonly type: HostType;
    readonly isCompute: boolean;
    /** Disabled by others: stays so. */
    readonly disabledBefore: boolean;
    /** Disabled by Fenix earlier: the duty to enable it is inherited. */
    readonly inherited: boolean;
  }[];
  readonly excluded: readonly { readonly hostname: string; readonly reason: string }[];
}

export interface OpenNotice {
  readonly kind: 'open-notice';
  readonly state: NoticeState;
  readonly projectId: string;
  readonly instanceId: string | null;
  readonly instanceIds: readonly string[];
  readonly host: string | null;
  readonly allowedActions: readonly InstanceAction[];
  /** Null for notices that expect no answer; they are closed at once. */
  readonly replyAt: Date | null;
  readonly actionsAt: Date | null;
  /** Nobody listens there: it counts as acknowledged with MIGRATE (v1 §3.5). */
  readonly assumed?: boolean;
  /** A target is proven by Placement first; where it is not, that is recorded as a fact and nobody is told. */
  readonly planned?: NoticePlan;
}

export interface RepeatNotice {
  readonly kind: 'repeat-notice';
  readonly noticeId: number;
  readonly replyAt: Date;
  readonly actionsAt: Date;
}

export interface CloseNotice {
  readonly kind: 'close-notice';
  readonly noticeId: number;
  readonly outcome: NoticeOutcome;
  /** What is done with each instance, where it goes on without an answer. */
  readonly actions?: Readonly<Record<string, InstanceAction>>;
}

/** The project is visibly acting: it is left in peace a little longer (v1 §2.4). */
export interface ExtendNotice {
  readonly kind: 'extend-notice';
  readonly noticeId: number;
  readonly replyAt: Date;
  readonly actionsAt: Date;
}

/** The room that was kept for one more of an instance's kind is there no more (V6): that is told, and keeps nobody waiting. */
export interface LoseRoom {
  readonly kind: 'lose-room';
  readonly notice: Notice;
  readonly instanceId: string;
}

/** The room that Placement holds for an instance is wanted there no more. */
export interface LetRoomGo {
  readonly kind: 'let-room-go';
  readonly placeholder: Placeholder;
}

/** The host ends without being maintained: `skipped` and given back, or `failed` and left disabled with the reason. */
export interface LoseHost {
  readonly kind: 'lose-host';
  readonly host: string;
  readonly state: 'skipped' | 'failed';
  readonly code: string;
  readonly message: string;
  /** Whether it uses up the failure budget. */
  readonly counts: boolean;
}

/** Puts a question to the admin, about a notice or a host (v1 §5.4 `ask`). */
export interface AskAdmin {
  readonly kind: 'ask-admin';
  readonly event: string;
  readonly message: string;
  readonly noticeId?: number;
  readonly host?: string;
}

/** A failed run is let pass, as if an admin had done the work by hand. */
export interface OverrulePlugin {
  readonly kind: 'overrule-plugin';
  readonly entry: JournalEntry;
}

/** A move that its last target gave back counts as failed: there is no other target to be tried. */
export interface FailMove {
  readonly kind: 'fail-move';
  readonly entry: JournalEntry;
}

/** A failed move is forgotten, and the instance leaves in another way. */
export interface MoveOtherwise {
  readonly kind: 'move-otherwise';
  readonly entry: JournalEntry;
  readonly action: InstanceAction;
}

/**
 * Proves every target of the plan by Placement. All proven: the plan is stored with its snapshot. Otherwise the
 * refusals are recorded as facts and nothing is stored, so that the next plan avoids them.
 */
export interface AdoptPlan {
  readonly kind: 'adopt-plan';
  readonly snapshot: HostPlanSnapshot;
  readonly plan: HostPlan;
}

/** The host begins to empty: its compute service is disabled unless it is already. */
export interface TakeHost {
  readonly kind: 'take-host';
  readonly host: string;
}

/** Enables the host's compute service if we disabled it (L6). */
export interface GiveHostBack {
  readonly kind: 'give-host-back';
  readonly host: string;
}

/** A host that waits is disabled, so that new instances land elsewhere. It stays `waiting`. */
export interface SteerAway {
  readonly kind: 'steer-away';
  readonly host: string;
}

/** Enables it again, as its room is needed. */
export interface StopSteering {
  readonly kind: 'stop-steering';
  readonly host: string;
}

/** Asks the cloud for everything that may be on the host; if there is nothing, the host becomes `empty`. */
export interface VerifyEmpty {
  readonly kind: 'verify-empty';
  readonly host: string;
  /** Instances that are about to be stopped there: asked is for all others, and the host becomes nothing by it. */
  readonly staying?: readonly string[];
}

/** `in_maintenance` and `done` are told to the admin by maintenance.host; `done` counts as maintained. */
export interface SetHostState {
  readonly kind: 'set-host-state';
  readonly host: string;
  readonly state: HostState;
  readonly why: string;
}

/** Admission, then the journal, then the instance-action plug-in. */
export interface MoveInstance {
  readonly kind: 'move-instance';
  readonly instanceId: string;
  readonly action: MoveAction;
  readonly target: string | null;
  /** How long a live migration may take, seconds; absent = `live_migration_wait_time` (v1 §5.3 V8). */
  readonly interruptionS?: number;
}

/** Starts an instance again that was stopped while its host was out. */
export interface StartInstance {
  readonly kind: 'start-instance';
  /** Its impact, which ends with that. */
  readonly impact: Impact;
}

/** One run of an action plug-in of the session. */
export interface RunPlugin {
  readonly kind: 'run-plugin';
  readonly host: string;
  readonly type: string;
  readonly name: string;
  /** Only its `check`, before anyone is told. */
  readonly check?: boolean;
}
