import type { SessionLimits, SessionPolicy, SessionScope } from './policy.js';
import type { ActionType, SessionState } from './states.js';

/** Why a session failed or stands still; the code is stable, the message is for people. */
export interface Reason {
  readonly code: string;
  readonly message: string;
  readonly host?: string;
  readonly projectId?: string;
  readonly instanceId?: string;
  readonly plugin?: string;
  readonly at: Date;
}

/** An action plug-in as the admin asked for it (v1 §1.2 `actions[]`); `name` is unique within its type. */
export interface SessionAction {
  readonly name: string;
  readonly plugin: string;
  readonly type: ActionType;
  readonly order: number;
  readonly metadata: Record<string, unknown>;
}

/** A plug-in that the session depends on; only an engine that has the same may own the session (design §6). */
export interface PluginPin {
  readonly kind: 'workflow' | 'action' | 'instance-action';
  readonly name: string;
  readonly version: string;
  /** As in `PluginInfo`. */
  readonly digest: string;
  /**
   * It came with Fenix: any release that has it in the same version can go on with the session, which is what the
   * version of a shipped plug-in stands for. Absent in sessions of releases that did not say: there it did.
   */
  readonly shipped?: boolean;
}

/** A file that the session downloads (v1 §6.2). */
export interface DownloadedFile {
  /** As the admin gave it. */
  readonly url: string;
  readonly state: 'waiting' | 'coming' | 'done' | 'failed';
  /** While it comes: how much of it is there; null or absent where its server does not say how much it is. */
  readonly percent?: number | null;
  /** Hex: what the URL asks for, else what it was when it first came; whoever downloads it again must get the same. */
  readonly sha256: string | null;
}

/** What the session downloads, and what came with it. */
export interface SessionDownloads {
  readonly files: readonly DownloadedFile[];
  /** The session's plug-ins that are from there; null until everything was there once. */
  readonly plugins: readonly PluginPin[] | null;
}

/** What an admin asked for; never changed after creation. */
export interface SessionRequest {
  readonly workflow: string;
  readonly maintenanceAt: Date;
  /** Given hosts; empty = discover. */
  readonly hosts: readonly string[];
  readonly metadata: Record<string, unknown>;
  readonly actions: readonly SessionAction[];
  readonly scope: SessionScope;
  readonly limits: SessionLimits;
  readonly policy: SessionPolicy;
}

/** What a session waits for, readable by people (L7). */
export interface WaitReason {
  /** Stable word, e.g. `replies`, `maintenance-at`, `moves`, `plug-in`, `cloud`, `room`. */
  readonly for: string;
  readonly message: string;
  readonly since: Date;
  /** When the wait ends by itself. */
  readonly until: Date;
  /** What was waited for when that got in the way (a cloud that cannot be read, say); its time goes on. */
  readonly interrupted?: WaitReason;
}

/** The wait for `word` that is going on, be it that something else has got in its way. */
export function standingWait(waiting: WaitReason | null, word: string): WaitReason | undefined {
  if (waiting?.for === word) return waiting;
  return waiting?.interrupted?.for === word ? waiting.interrupted : undefined;
}

/** An operator let nothing begin any more, in no session of the installation. */
export interface Freeze {
  readonly who: string;
  /** Domain time. */
  readonly since: Date;
  readonly why: string | null;
}

export interface Session extends SessionRequest {
  readonly sessionId: string;
  readonly state: SessionState;
  /** When it came into its state. */
  readonly stateSince: Date;
  readonly prevState: SessionState | null;
  /** Where a failed session goes on. */
  readonly failedIn: SessionState | null;
  readonly pausedAt: Date | null;
  /** An admin ended it: nothing new begins, and it ends in MAINTENANCE_FAILED with reason `aborted`. */
  readonly aborting: { readonly revert: boolean } | null;
  /** Added by an admin, not yet looked at. */
  readonly pendingHosts: readonly string[];
  readonly reason: Reason | null;
  readonly waiting: WaitReason | null;
  /** Whole percent, 100 only in MAINTENANCE_DONE. */
  readonly percentDone: number;
  /** Project and user whose token created the session. */
  readonly projectId: string;
  readonly userId: string;
  readonly requestId: string;
  /** Those that an engine must have to own it. */
  readonly plugins: readonly PluginPin[];
  /** Null unless the admin asked for any. */
  readonly downloads: SessionDownloads | null;
  /** Engine that owns the session, with the epoch of its lease (L2). */
  readonly owner: string | null;
  readonly epoch: number;
  /** Last number given to a history row or notification of this session (L4). */
  readonly seq: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
