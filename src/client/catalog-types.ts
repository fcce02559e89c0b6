import type { ActionType, SessionState } from '../model/index.js';

/** A session in a page of the list. */
export interface ListedSession {
  readonly session_id: string;
  readonly state: SessionState;
  readonly workflow: string;
  readonly maintenance_at: string;
  readonly percent_done: number;
  readonly paused_at: string | null;
}

export interface SessionPage {
  readonly sessions: readonly ListedSession[];
  /** Marker of the page that follows; null at the end. */
  readonly next: string | null;
}

export interface PageQuery {
  /** At most 1000, which is the default. */
  readonly limit?: number;
  /** Id of the session that the page begins after. */
  readonly marker?: string;
  readonly state?: SessionState;
  readonly workflow?: string;
}

/** A plug-in that engines have. */
export interface ListedPlugin {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  /** Version of the contract that it was written for. */
  readonly contract: number;
  readonly description: string | null;
  /** `fenix` for what ships, else the entry of the engine's `plugin_path`. */
  readonly source: string | null;
}

export interface ListedAction extends ListedPlugin {
  /** Null = all. */
  readonly types: readonly ActionType[] | null;
  /** JSON schema. */
  readonly metadata_schema: Readonly<Record<string, unknown>>;
  /** Seconds that a run may take; null = the engine's default. */
  readonly timeout_s: number | null;
  /** Tries in all, seconds between; null = the engine's default. */
  readonly retry: { readonly attempts: number; readonly wait_s: number } | null;
  /** What it can be asked for; null where an older engine registered it. */
  readonly methods: readonly ('run' | 'check' | 'probe' | 'verify' | 'undo' | 'release')[] | null;
  /** Each run has a process of its own. */
  readonly isolated: boolean;
}

export interface ListedEngine {
  readonly engine_id: string;
  readonly host: string;
  readonly version: string;
  readonly alive: boolean;
  readonly started_at: string;
  readonly seen_at: string;
  readonly plugins: readonly {
    readonly kind: 'workflow' | 'action' | 'instance-action';
    readonly name: string;
    readonly version: string;
    readonly digest: string;
  }[];
  /** Found on its `plugin_path`, and passed over; `file` is null when the entry itself leads nowhere. */
  readonly broken_plugins: readonly {
    readonly source: string;
    readonly file: string | null;
    readonly reason: string;
  }[];
}
