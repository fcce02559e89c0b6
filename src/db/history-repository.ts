import type { HistoryEntry } from '../model/index.js';
import type { Database, Tx } from './database.js';
import { type Row, Table } from './table.js';

const HISTORY = new Table<HistoryEntry>('history', {
  sessionId: 'text',
  seq: 'number',
  at: 'time',
  who: 'text',
  what: 'text',
  details: 'json',
});

/** A line with its number: those of one session become visible in the order of their numbers. */
export interface NumberedEntry {
  readonly historyId: number;
  readonly entry: HistoryEntry;
}

export class HistoryRepository {
  constructor(private readonly database: Database) {}

  /** The session's row must be locked or written in `tx`, or numbers would not become visible in their order. */
  append(entries: readonly HistoryEntry[], tx: Tx): Promise<void> {
    return HISTORY.insert(tx, entries);
  }

  /** Those with a number after `historyId`, oldest first. */
  async after(sessionId: string, historyId: number, limit: number): Promise<NumberedEntry[]> {
    const rows: Row[] = await HISTORY.query(this.database.knex)
      .where({ session_id: sessionId })
      .where('history_id', '>', historyId)
      .orderBy('history_id')
      .limit(limit);
    return rows.map((row) => ({ historyId: Number(row.history_id), entry: HISTORY.fromRow(row) }));
  }

  /** Domain time of the newest line of all sessions. */
  async lastAt(): Promise<Date | undefined> {
    const row = await HISTORY.query(this.database.knex).orderBy('history_id', 'desc').first();
    return row && HISTORY.fromRow(row).at;
  }

  /** Oldest first; of deleted sessions too. */
  async list(sessionId: string): Promise<HistoryEntry[]> {
    const rows: Row[] = await HISTORY.query(this.database.knex).where({ session_id: sessionId }).orderBy('history_id');
    return rows.map((row) => HISTORY.fromRow(row));
  }
}
