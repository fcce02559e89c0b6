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

  /**
   * Written before the broker is asked: an entry that must go out once at most is not tried again after it.
   * @param attempts one more than were known; false when somebody else tried meanwhile
   */
  async markAttempt(outboxId: number, attempts: number): Promise<boolean> {
    const known = { outboxId, attempts: attempts - 1 };
    return (await OUTBOX.update(this.database.knex, known, { attempts })) === 1;
  }

  async markPublished(outboxId: number, at: Date, tx: Tx = this.database.knex): Promise<void> {
    await OUTBOX.update(tx, { outboxId }, { publishedAt: at, error: null });
  }

  /** Nobody knows whether it went out, and nobody will try again; the error stays. */
  async giveUp(outboxId: number, at: Date, tx: Tx = this.database.knex): Promise<void> {
    await OUTBOX.update(tx, { outboxId }, { publishedAt: at });
  }

  /** @param attempts set when the attempt does not count, since certainly nothing went out; unless somebody tried since */
  async markError(outboxId: number, error: string, attempts?: number): Promise<void> {
    const known = { outboxId, ...(attempts !== undefined && { attempts: attempts + 1 }) };
    await OUTBOX.update(this.database.knex, known, { error, ...(attempts !== undefined && { attempts }) });
  }
}
