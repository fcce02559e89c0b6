/** A project with instances on the session's hosts. Key: (sessionId, projectId). */
export interface SessionProject {
  readonly sessionId: string;
  readonly projectId: string;
  /** Last notice or answer, e.g. `MAINTENANCE`, `ACK_MAINTENANCE`. */
  readonly state: string;
  readonly scaledIn: boolean;
  readonly notifiedAt: Date | null;
  readonly replyAt: Date | null;
  /** Replies that took effect. */
  readonly replies: number;
  /** Notices sent, repeats not counted. */
  readonly rounds: number;
}
