/**
 * Room that a session has Placement hold on the host that an instance is to go to, from before its project is told until
 * its move is asked for. Key: (sessionId, instanceId). The row is there before Placement is asked, and until it holds
 * nothing any more: whatever ends the session gives it back (L6).
 */
export interface Placeholder {
  readonly sessionId: string;
  readonly instanceId: string;
  /** Placement's consumer, a UUID of this placeholder alone: no late request can be about another one. */
  readonly consumer: string;
  /** The target, as Nova writes it. */
  readonly host: string;
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly diskGb: number;
  /** `asked`: Placement may hold it already; `leaving`: it may have given it up already. */
  readonly state: 'asked' | 'held' | 'leaving';
  /** Domain time. */
  readonly since: Date;
}
