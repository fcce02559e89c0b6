import type { OutboxEntry } from '../model/index.js';
import type { Database, Tx } from './database.js';
import { Table } from './table.js';

const OUTBOX = new Table<OutboxEntry>('outbox', {
  outboxId: 'number',
  sessionId: 'text',
  seq: 'number',
  messageId: 'text',
  eventType: 'text',
  payload: 'json',
  once: 'bool',
  createdAt: 'time',
  attempts: 'number',
  publishedAt: 'time',
  error: 'text',
});

export type NewOutboxEntry = Omit<OutboxEntry, 'outboxId' | 'attempts' | 'publishedAt' | 'error'>;

/** Notifications that were committed with the state they tell of (L4). */
export class OutboxRepository {
  constructor(private readonly database: Database) {}

  add(entries: readonly NewOutboxEntry[], tx: Tx): Promise<void> {
    return OUTBOX.insert(
      tx,
      entries.map((entry) => ({ ...entry, attempts: 0 })),
    );
  }

  /** The session's next ones in order. */
  async pending(sessionId: string, limit: number): Promise<OutboxEntry[]> {
    const rows = await OUTBOX.query(this.database.knex)
      .where({ session_id: sessionId })
      .whereNull('published_at')
      .orderBy('seq')
      .limit(limit);
    return rows.map((row) => OUTBOX.fromRow(row));
  }

  /** Written before the broker is asked: an entry that must go out once at most is not tried again after it. */
  async markAttempt(outboxId: number, attempts: number): Promise<void> {
    await OUTBOX.update(this.database.knex, { outboxId }, { attempts });
  }

  async markPublished(outboxId: number, at: Date): Promise<void> {
    await OUTBOX.update(this.database.knex, { outboxId }, { publishedAt: at, error: null });
  }

  async markError(outboxId: number, error: string): Promise<void> {
    await OUTBOX.update(this.database.knex, { outboxId }, { error });
  }
}
