import type { Knex } from 'knex';
import type { Notice } from '../model/index.js';
import { deletionOf } from './command-repository.js';
import type { Database, Tx } from './database.js';
import { hostsAtWork } from './session-host-repository.js';
import { type Part, partOf } from './session-project-repository.js';
import { type Row, Table } from './table.js';
import { toTimeText } from './time-text.js';

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
  deferredS: 'number',
  openedAt: 'time',
  closedAt: 'time',
  outcome: 'text',
  actions: 'json',
  question: 'timedJson',
  planned: 'json',
});

const OPEN = [
  'sessionId',
  'noticeId',
  'projectId',
  'instanceId',
  'host',
  'state',
  'allowedActions',
  'instanceIds',
  'actionsAt',
  'replyAt',
  'deferredS',
  'planned',
] as const;
/** What counts of a notice while its answer is awaited. */
export type OpenNotice = Pick<Notice, (typeof OPEN)[number]>;

export class NoticeRepository {
  constructor(private readonly database: Database) {}

  /** Oldest first. */
  list(sessionId: string, tx: Tx = this.database.knex): Promise<Notice[]> {
    return NOTICES.list(tx, { sessionId }, 'noticeId');
  }

  /**
   * Those that decisions still depend on, oldest first: open ones, those to projects as wholes, those about hosts that
   * are being worked on, and whatever was closed after `since`.
   */
  async current(sessionId: string, since: Date, tx: Tx = this.database.knex): Promise<Notice[]> {
    const rows = await NOTICES.query(tx)
      .where({ session_id: sessionId })
      .where((asks) => {
        void asks.whereNull('outcome').orWhereNot('outcome', 'informed');
      })
      .where((now) => {
        void now
          .whereNull('host')
          .orWhereNull('closed_at')
          .orWhere('closed_at', '>', toTimeText(since))
          .orWhereIn('host', hostsAtWork(tx, sessionId));
      })
      .orderBy('notice_id');
    return rows.map((row) => NOTICES.fromRow(row));
  }

  /** Those about single instances that were acknowledged last. */
  async lastAcknowledged(sessionId: string, most: number, tx: Tx = this.database.knex): Promise<Notice[]> {
    const answered = NOTICES.query(tx).where({ session_id: sessionId, outcome: 'ack' }).whereNotNull('instance_id');
    return (await answered.orderBy('notice_id', 'desc').limit(most)).map((row) => NOTICES.fromRow(row));
  }

  /** The highest number given so far; 0 = none. */
  async lastId(sessionId: string, tx: Tx): Promise<number> {
    const rows = await NOTICES.query(tx).where({ session_id: sessionId }).max({ last: 'notice_id' });
    return Number(rows[0]?.last ?? 0);
  }

  find(sessionId: string, noticeId: number, tx: Tx): Promise<Notice | undefined> {
    return NOTICES.find(tx, { sessionId, noticeId });
  }

  /** The project's notices that await an answer, newest first. */
  async open(sessionId: string, projectId: string, tx: Tx = this.database.knex): Promise<Notice[]> {
    const rows = await openIn(NOTICES.query(tx).where({ session_id: sessionId, project_id: projectId }));
    return rows.map((row) => NOTICES.fromRow(row));
  }

  /** Of all of these, likewise; none of deleted sessions. */
  openOf(parts: readonly Part[], tx: Tx = this.database.knex): Promise<OpenNotice[]> {
    const all = NOTICES.anyOf(tx, parts.map(partOf));
    return NOTICES.pick(openIn(all).whereNotExists(deletionOf('notices', tx)), OPEN);
  }

  /** Of which instances room for one more was kept, or not, by the last notices that say so. */
  async room(sessionId: string, tx: Tx = this.database.knex): Promise<Map<string, boolean>> {
    // Every notice of `vnf` has a plan; few of them have that in it.
    const wishes = NOTICES.query(tx).where({ session_id: sessionId }).where('planned', 'like', '%"room"%');
    const notices = await NOTICES.pick(wishes.orderBy('notice_id'), ['planned']);
    return new Map(notices.flatMap(({ planned }) => Object.entries(planned?.room ?? {})));
  }

  /** Those that wait, or waited, for an admin's word. */
  async withQuestion(sessionId: string, tx: Tx = this.database.knex): Promise<Notice[]> {
    const rows = await NOTICES.query(tx).where({ session_id: sessionId }).whereNotNull('question').orderBy('notice_id');
    return rows.map((row) => NOTICES.fromRow(row));
  }

  insert(notice: Notice, tx: Tx): Promise<void> {
    return NOTICES.insert(tx, notice);
  }

  async update(sessionId: string, noticeId: number, patch: Partial<Notice>, tx: Tx): Promise<void> {
    await NOTICES.update(tx, { sessionId, noticeId }, patch);
  }
}

/** Newest first. */
function openIn(query: Knex.QueryBuilder<Row, Row[]>): Knex.QueryBuilder<Row, Row[]> {
  return query.whereNull('closed_at').orderBy('notice_id', 'desc');
}
