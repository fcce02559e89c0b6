import type { Notice } from '../model/index.js';
import type { Database, Tx } from './database.js';
import { Table } from './table.js';

const NOTICES = new Table<Notice>('notices', {
  sessionId: 'text',
  noticeId: 'number',
  projectId: 'text',
  instanceId: 'text',
  host: 'text',
  state: 'text',
  allowedActions: 'json',
  instanceIds: 'json',
  actionsAt: 'time',
  replyAt: 'time',
  repeats: 'number',
  openedAt: 'time',
  closedAt: 'time',
  outcome: 'text',
  actions: 'json',
});

export class NoticeRepository {
  constructor(private readonly database: Database) {}

  /** Oldest first. */
  list(sessionId: string, tx: Tx = this.database.knex): Promise<Notice[]> {
    return NOTICES.list(tx, { sessionId }, 'noticeId');
  }

  /** The project's notices that await an answer, newest first. */
  async open(sessionId: string, projectId: string, tx: Tx = this.database.knex): Promise<Notice[]> {
    const rows = await NOTICES.query(tx)
      .where(NOTICES.toRow({ sessionId, projectId }))
      .whereNull('closed_at')
      .orderBy('notice_id', 'desc');
    return rows.map((row) => NOTICES.fromRow(row));
  }

  insert(notice: Notice, tx: Tx): Promise<void> {
    return NOTICES.insert(tx, notice);
  }

  async update(sessionId: string, noticeId: number, patch: Partial<Notice>, tx: Tx): Promise<void> {
    await NOTICES.update(tx, { sessionId, noticeId }, patch);
  }
}
