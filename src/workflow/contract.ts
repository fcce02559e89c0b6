import type { Clock } from '../common/clock.js';
import type { Logger } from '../common/logger.js';
import type { ActionType, ActiveState, MoveAction } from '../model/index.js';
import type { ActionCloud, Programs, SignedCalls } from './action-tools.js';
import type { CloudPort, Server } from './cloud-port.js';
import type { Step } from './decisions.js';
import type { SessionView, WorkflowSettings, WorkflowTools } from './view.js';

/*
 * The contracts of the three kinds of plug-ins (design §6). A plug-in is an ES module whose default export is one of
 * these objects; the folder it stands in (workflows/, actions/, instance-actions/) says which. What ships uses exactly
 * this and nothing else.
 */

/** The version of what stands in this file. It grows when a plug-in written for an older one could not be run as it is. */
export const CONTRACT = 1;

/** What every plug-in declares. `name` is what requests use; the version is recorded with each session. */
export interface PluginDeclaration {
  /** Version of the contract that it was written for; absent = 1. A higher one than {@link CONTRACT} is refused. */
  readonly contract?: number;
  /** `^[a-z][a-z0-9_-]{0,63}$`; instance actions are named by the protocol's words in capitals. */
  readonly name: string;
  readonly version: string;
  readonly description?: string;
}

/** The states of a session and what to do in them. */
export interface WorkflowPlugin extends PluginDeclaration {
  /** The form of notices (v1 §2.3), never mixed within a workflow. */
  readonly style: WorkflowStyle;
  readonly states: Readonly<Record<ActiveState, StateHandler>>;
}

export type WorkflowStyle = 'default' | 'vnf';

/**
 * Looks at the session and says what comes next. Called again after whatever it said was carried out, after every
 * wake-up and after a crash, so it decides from the present alone and keeps nothing between calls.
 */
export type StateHandler = (view: SessionView, tools: WorkflowTools) => Step | Promise<Step>;

/** Work on a host, or on the engine for `pre` and `post`. */
export interface ActionPlugin extends PluginDeclaration {
  /** Types it may be used as; absent = all. */
  readonly types?: readonly ActionType[];
  /** JSON schema of its metadata in a request; absent = any object. */
  readonly metadataSchema?: Readonly<Record<string, unknown>>;
  /** Domain seconds after which a run counts as failed; absent = `[DEFAULT] action_plugin_timeout`. */
  readonly timeoutS?: number;
  /**
   * Retry class: how often a failed run is tried in all, and the domain seconds between; absent = `[plugins]
   * retry_attempts` and `retry_wait`.
   */
  readonly retry?: { readonly attempts: number; readonly waitS: number };
  /**
   * Does the work. What it returns is the run's state: `DONE` is normal; an empty text, one that contains `FAILED` or
   * an exception is a failure. Without `probe` it must bear being run again after a crash in the middle.
   */
  run(context: ActionContext): Promise<string>;
  /** Was it done? Asked before a run that was begun by an engine that died is repeated. */
  probe?(context: ActionContext): Promise<boolean>;
  /** Pre-flight: could it run on this host? Asked on all its hosts before anyone is told; must change nothing. */
  check?(context: ActionContext): Promise<boolean>;
  /** Keys of the metadata of which one must be given for `check` to be asked; absent = it is always. */
  readonly checkIf?: readonly string[];
  /**
   * Is the host as it is to be after that `phase`? After `run`: is the work there; after `undo`: is nothing of it left.
   * Only its yes makes the run DONE, or the work undone.
   */
  verify?(context: ActionContext): Promise<boolean>;
  /**
   * Takes back what `run` did, or may have done when it failed or was broken off; asked when the session is aborted
   * before the host's actions have all ended. Answers as `run` does, and must bear being run again, also on a host on
   * which nothing is left to be taken back.
   */
  undo?(context: ActionContext): Promise<string>;
  /** Keys of the metadata of which one must be given for `undo` to be asked; absent = it is always. */
  readonly undoIf?: readonly string[];
  /**
   * Ends what only held while the host was out. Asked once the host was given back, whichever way that came about (done,
   * marked done, skipped, a session that failed or was aborted), where `run` had begun there; not where `undo` took it back,
   * nor while the host stays disabled. Answers as `run` does and must bear being run again. Nobody waits for it with the
   * host, and its failure is told but fails nothing.
   */
  release?(context: ActionContext): Promise<string>;
  /**
   * Whether a run with that metadata takes `host` out of the cloud for good: until then nothing is sent there, and nobody
   * counts on its room afterwards. Pure. The run says that it happened by {@link ActionContext.changed}.
   */
  removes?(metadata: Readonly<Record<string, unknown>>, host: string): boolean;
}

/** What a run changed about which hosts the cloud has. */
export type HostChange =
  /** It joins the session as maintained; one that is not `enabled` was left so by others, and receives nothing. */
  | { readonly kind: 'added'; readonly host: string; readonly enabled: boolean }
  /** The run's own host has left the cloud: it is maintained, its further actions are not run, nothing is given back. */
  | { readonly kind: 'removed' };

/** What an action plug-in is being asked for. `probe` and `verify` belong to the phase after which they are asked. */
export type ActionPhase = 'check' | 'run' | 'undo' | 'release';

export interface ActionContext {
  readonly sessionId: string;
  /** `localhost` for `pre` and `post`. */
  readonly host: string;
  readonly type: ActionType;
  readonly phase: ActionPhase;
  /** The name it runs under; the plug-in's own unless the request gave another. */
  readonly name: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly sessionMetadata: Readonly<Record<string, unknown>>;
  /** What its own `check` has recorded about the host, before anything began; empty where it was not asked. */
  readonly checked: Readonly<Record<string, unknown>>;
  /** Of this phase, from 1. */
  readonly attempt: number;
  readonly log: Logger;
  readonly clock: Clock;
  /** Aborts when the time is up or the engine has to let go. */
  readonly signal: AbortSignal;
  /** Programs on `host`. */
  readonly remote: Programs;
  /** Programs on the engine's machine; refused unless the configuration allows this plug-in to. */
  readonly local: Programs;
  /** Directory of the files that `local` may use, from the configuration; empty = none. */
  readonly localFiles: string;
  readonly cloud: ActionCloud;
  /** Signed calls to systems of the operator. */
  readonly hooks: SignedCalls;
  /** Directory with what the session downloaded (absolute path), for reading; null if it downloads nothing. */
  readonly files: string | null;
  /** Adds text to what the run printed, which is kept up to a limit and shown in the session's history. */
  output(text: string): void;
  /**
   * Keeps facts with the run, shown beside its state: versions before and after, what is left to do …
   * @throws FenixError `facts` when they are not what JSON can hold, or more than 64 KiB of it in all
   */
  record(facts: Readonly<Record<string, unknown>>): void;
  /**
   * Keeps facts for the run itself, which are durable when it resolves: after a crash, and in a later attempt,
   * `remembered` has them. For what cannot be found out afterwards, such as how the host was before. Null forgets.
   */
  remember(facts: Readonly<Record<string, unknown>>): Promise<void>;
  /** What this run has remembered in its phase, and what earlier lives and attempts have. */
  readonly remembered: Readonly<Record<string, unknown>>;
  /**
   * Says that a host has joined or left the cloud. Counts when the run succeeds, and is committed with its end and the
   * notification HOST_ADDED or HOST_REMOVED: so a run that is repeated after a crash has to say it again.
   */
  changed(change: HostChange): void;
}

/** How one instance leaves its host. */
export interface InstanceActionPlugin extends PluginDeclaration {
  readonly name: MoveAction;
  /** Whether Fenix names the target; else the project's own doing decides. */
  readonly needsTarget: boolean;
  /** Called again from the start after a crash: writes go through `once`, waits through `watch`. */
  run(context: InstanceActionContext): Promise<MoveOutcome>;
  /**
   * Sees a move to its end that `run` gave up while the cloud was still at it (`underWay`), under the same steps. The
   * session has learned of the failure by then; the instance counts as impacted until this ends.
   */
  settle?(context: InstanceActionContext): Promise<MoveOutcome>;
  /** Brings back what `run` only stopped, once its host is maintained or given back; called again like `run`. */
  restore?(context: InstanceActionContext): Promise<RestoreOutcome>;
}

export interface InstanceActionContext {
  readonly instanceId: string;
  readonly from: string;
  /** Always set when `needsTarget`. */
  readonly target: string | null;
  /** Nova's status of the instance when the move was decided. */
  readonly statusBefore: string;
  readonly cloud: CloudPort;
  readonly settings: WorkflowSettings;
  readonly clock: Clock;
  /** When the move began (for `settle`: when that began), domain time; also after a crash. */
  readonly begunAt: Date;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Aborts when an admin wants moves taken back: end where the instance came from, where that is still possible. */
  readonly takeBack: AbortSignal;
  /** Whether that write was begun, in whatever life: then it has to be gone on with. */
  begun(step: string): Promise<boolean>;
  /** Carries a write out at most once, also over crashes (L3). Rejects with the FenixError that refused it. */
  once(step: string, write: JournaledWrite): Promise<void>;
  /**
   * Looks at the server in every fresh view of the cloud until `judge` returns something, or the time is up
   * (undefined). `judge` gets undefined when Nova has the server no more.
   */
  watch<T>(
    judge: (server: Server | undefined) => T | undefined | Promise<T | undefined>,
    until: Date,
  ): Promise<T | undefined>;
}

export interface JournaledWrite {
  /** Read before the intent is written and kept with it: what `probe` compares the world with. */
  before?(): Promise<Record<string, unknown>>;
  /** The request, with a time-out of its own. Must name its target, so that a late duplicate is refused by Nova. */
  run(): Promise<void>;
  /** Did the world do it? Asked after a crash, a time-out or a conflict. */
  probe(before: Readonly<Record<string, unknown>>): Promise<boolean>;
  /**
   * A refusal because of the state of things (409) may pass, and giving up would leave something behind: it is asked
   * for again, as what the world turns away for the moment is.
   */
  readonly conflictPasses?: boolean;
}

export type MoveOutcome =
  | { readonly result: 'moved'; readonly host: string }
  | { readonly result: 'gone' }
  /** It stays where it is and does not run; where it ran before, `restore` is owed. */
  | { readonly result: 'stopped'; readonly wasRunning: boolean }
  /**
   * The instance is where and as it was; another target may do.
   * @property otherWay it was not for the target: the same one may do, in another way
   * @property touched it was out of service meanwhile, so it rests as after a move
   */
  | {
      readonly result: 'refused';
      readonly code: string;
      readonly message: string;
      readonly otherWay?: true;
      readonly touched?: true;
    }
  /** It is where it came from, after it was moved or while it was. */
  | { readonly result: 'reverted'; readonly message: string }
  | {
      readonly result: 'failed';
      readonly code: string;
      readonly message: string;
      /** The cloud is still at it: `settle` sees it to its end. */
      readonly underWay?: boolean;
    };

export type RestoreOutcome =
  | { readonly result: 'started' }
  | { readonly result: 'gone' }
  | { readonly result: 'failed'; readonly code: string; readonly message: string };
