/** Body of POST /v1/maintenance/{sid}/action (fenix-v1 §1.5): one key. */
export type ControlRequest =
  | { readonly pause: Empty }
  | { readonly resume: Empty }
  /** `revert`: moves in flight are taken back where possible. */
  | { readonly abort: { readonly moves?: 'revert' } }
  | { readonly retry_host: { readonly host: string } }
  | { readonly skip_host: { readonly host: string } }
  | { readonly mark_host_done: { readonly host: string } }
  | { readonly add_hosts: { readonly hosts: readonly string[] } }
  /** The answer to a question of policy `ask`. */
  | { readonly continue: { readonly host: string } | { readonly project_id: string } };

type Empty = Readonly<Record<string, never>>;

/** A line of a session's history, with further keys by what it tells. */
export interface HistoryLine {
  /** `YYYY-MM-DDTHH:MM:SS`, UTC. */
  readonly at: string;
  /** `engine`, or a user's id. */
  readonly who: string;
  readonly what: string;
  readonly [detail: string]: unknown;
}
