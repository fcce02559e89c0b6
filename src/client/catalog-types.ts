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
  readonly description: string | null;
  /** `fenix` for what ships, else the entry of the engine's `plugin_path`. */
  readonly source: string | null;
}

export interface ListedAction extends ListedPlugin {
  /** Null = all. */
  readonly types: readonly ActionType[] | null;
  /** JSON schema. */
  readonly metadata_schema: Readonly<Record<string, unknown>>;
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
}
