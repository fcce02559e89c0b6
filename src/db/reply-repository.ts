import type { Reply } from '../model/index.js';
import type { Database, Tx } from './database.js';
import { Table } from './table.js';

const REPLIES = new Table<Reply>('replies', {
  replyId: 'number',
  sessionId: 'text',
  projectId: 'text',
  instanceId: 'text',
  state: 'text',
  deferSeconds: 'number',
  instanceActions: 'json',
  instanceAction: 'text',
  userId: 'text',
  requestId: 'text',
  receivedAt: 'time',
  handledAt: 'time',
});

export type NewReply = Omit<Reply, 'replyId' | 'handledAt'>;

/** Answers of projects: inserted by the API, consumed by the session's owner. */
export class ReplyRepository {
  constructor(private readonly database: Database) {}

  /** Their order is that in which they are consumed. */
  insert(replies: readonly NewReply[], tx: Tx = this.database.knex): Promise<void> {
    return REPLIES.insert(tx, replies);
  }

  /** In the order in which they came. */
  async unhandled(sessionId: string, tx: Tx = this.database.knex): Promise<Reply[]> {
    const rows = await REPLIES.query(tx).where({ session_id: sessionId }).whereNull('handled_at').orderBy('reply_id');
    return rows.map((row) => REPLIES.fromRow(row));
  }

  async markHandled(replyId: number, at: Date, tx: Tx): Promise<void> {
    await REPLIES.update(tx, { replyId }, { handledAt: at });
  }

  /** Which of these sessions have replies to consume. */
  sessionsWithUnhandled(sessionIds: readonly string[]): Promise<string[]> {
    return unhandledIn(REPLIES, sessionIds, this.database);
  }
}

/** Shared by the two tables that the owner of a session consumes. */
export async function unhandledIn<M extends object>(
  table: Table<M>,
  sessionIds: readonly string[],
  database: Database,
): Promise<string[]> {
  const rows = await table
    .query(database.knex)
    .whereIn('session_id', [...sessionIds])
    .whereNull('handled_at')
    .distinct('session_id');
  return rows.map((row) => String(row.session_id));
}
