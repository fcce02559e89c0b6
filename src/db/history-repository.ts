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

export class HistoryRepository {
  constructor(private readonly database: Database) {}

  append(entries: readonly HistoryEntry[], tx: Tx): Promise<void> {
    return HISTORY.insert(tx, entries);
  }

  /** Oldest first; of deleted sessions too. */
  async list(sessionId: string): Promise<HistoryEntry[]> {
    const rows: Row[] = await HISTORY.query(this.database.knex).where({ session_id: sessionId }).orderBy('history_id');
    return rows.map((row) => HISTORY.fromRow(row));
  }
}
