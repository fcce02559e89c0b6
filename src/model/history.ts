/** A line of a session's history; kept after the session is deleted. */
export interface HistoryEntry {
  readonly sessionId: string;
  /** Order within the session (L4); rows that the API writes (requests) have none. */
  readonly seq: number | null;
  readonly at: Date;
  /** `engine`, or the user's id. */
  readonly who: string;
  /** Stable word, e.g. `session-created`, `state`, `notice`, `reply`, `move-begun`. */
  readonly what: string;
  readonly details: Record<string, unknown>;
}

/** A line on constraints, which belong to no session; kept after they are deleted. */
export interface ConstraintChange {
  readonly kind: 'instance' | 'group';
  /** The instance's or the group's id. */
  readonly objectId: string;
  /** Owner of the record; null = of those of all owners. */
  readonly projectId: string | null;
  readonly at: Date;
  /** The user's id. */
  readonly who: string;
  readonly what: 'constraints-stored' | 'constraints-deleted';
  /** What was stored, as GET shows it, or how many records went; request and address it came from. */
  readonly details: Record<string, unknown>;
}

/** A notification that is committed and waits to be published (L4). */
export interface OutboxEntry {
  readonly outboxId: number;
  readonly sessionId: string;
  readonly seq: number;
  /** Stable over repeated publishing. */
  readonly messageId: string;
  readonly eventType: string;
  readonly payload: Record<string, unknown>;
  /** Never published again once a publish was begun: managers act once per receipt (SCALE_IN, MAINTENANCE_COMPLETE). */
  readonly once: boolean;
  readonly createdAt: Date;
  readonly attempts: number;
  readonly publishedAt: Date | null;
  readonly error: string | null;
}
