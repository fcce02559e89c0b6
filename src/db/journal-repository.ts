import type { JournalEntry } from '../model/index.js';
import type { Database, Tx } from './database.js';
import { hostsAtWork } from './session-host-repository.js';
import { type Row, Table } from './table.js';

/** Where `pre` and `post` plug-ins run. */
const ENGINE_HOST = 'localhost';

const JOURNAL = new Table<JournalEntry>('journal', {
  sessionId: 'text',
  kind: 'text',
  subject: 'text',
  host: 'text',
  action: 'text',
  attempt: 'number',
  state: 'text',
  intent: 'json',
  outcome: 'json',
  timeoutS: 'number',
  runs: 'number',
  begunAt: 'time',
  endedAt: 'time',
  ageS: 'number',
});

export type JournalKey = Pick<JournalEntry, 'sessionId' | 'subject' | 'action' | 'attempt'>;
export type NewJournalEntry = JournalKey & Pick<JournalEntry, 'kind' | 'host' | 'intent' | 'timeoutS'>;

/** Intents and outcomes of everything that is written outside the database (L3). Times are the database's. */
export class JournalRepository {
  constructor(private readonly database: Database) {}

  async list(sessionId: string, tx: Tx = this.database.knex): Promise<JournalEntry[]> {
    return this.entries(
      await this.query(tx).where({ session_id: sessionId }).orderBy(['begun_at', 'subject', 'action', 'attempt']),
    );
  }

  /** Runs, checks, undoing and releasing of the session's actions. */
  async ofActions(sessionId: string): Promise<JournalEntry[]> {
    const own = this.query(this.database.knex).where({ session_id: sessionId, kind: 'plugin' });
    return this.entries(await own.orderBy(['begun_at', 'subject', 'action', 'attempt']));
  }

  /**
   * Effects, without their steps, on hosts that are being worked on, starts, and whatever else is still under way; and of
   * moves that outlasted all patience what became of them: Nova may hold on to them for ever.
   */
  async current(sessionId: string, tx: Tx = this.database.knex): Promise<JournalEntry[]> {
    const rows = await this.query(tx)
      .where({ session_id: sessionId })
      .whereNot('kind', 'step')
      .where((now) => {
        void now
          .where('journal.state', 'begun')
          .orWhereIn('kind', ['start', 'settle'])
          .orWhere('host', ENGINE_HOST)
          .orWhereIn('host', hostsAtWork(tx, sessionId));
      })
      .orderBy(['begun_at', 'attempt', 'subject', 'action']);
    return this.entries(rows);
  }

  async find(key: JournalKey, tx: Tx = this.database.knex): Promise<JournalEntry | undefined> {
    return this.entries(await this.query(tx).where(keyRow(key)))[0];
  }

  /** 0 when there was none yet. */
  async lastAttempt(sessionId: string, subject: string, action: string, tx: Tx = this.database.knex): Promise<number> {
    const rows = await JOURNAL.query(tx).where(JOURNAL.toRow({ sessionId, subject, action })).max({ last: 'attempt' });
    return Number(rows[0]?.last ?? 0);
  }

  async begin(entry: NewJournalEntry, tx: Tx): Promise<void> {
    const { sessionId, subject, host, action, attempt, kind, intent, timeoutS } = entry;
    await JOURNAL.query(tx).insert({
      ...JOURNAL.toRow({ sessionId, subject, host, action, attempt, kind, intent, timeoutS, state: 'begun', runs: 1 }),
      begun_at: this.database.nowPlus(),
    });
  }

  /** Adds to what an effect that is under way keeps for itself: `intent.remembered`. */
  async remember(key: JournalKey, facts: Readonly<Record<string, unknown>>, tx: Tx): Promise<void> {
    const { intent = {} } = (await this.find(key, tx)) ?? {};
    const remembered = { ...(intent.remembered as object | undefined), ...facts };
    await JOURNAL.query(tx)
      .where(keyRow(key))
      .update(JOURNAL.toRow({ intent: { ...intent, remembered } }));
  }

  /** What that attempt and those before it have kept for themselves, the newest of each name. */
  async remembered(key: JournalKey, tx: Tx = this.database.knex): Promise<Record<string, unknown>> {
    const { sessionId, subject, action, attempt } = key;
    const rows = await this.query(tx)
      .where(JOURNAL.toRow({ sessionId, subject, action }))
      .where('attempt', '<=', attempt)
      .orderBy('attempt');
    return Object.assign({}, ...this.entries(rows).map(({ intent }) => intent.remembered));
  }

  /** The world said no to a probe: the request goes out once more, under the same entry. */
  async runAgain(key: JournalKey, tx: Tx): Promise<void> {
    await JOURNAL.query(tx)
      .where(keyRow(key))
      .update({ runs: tx.raw('runs + 1'), begun_at: this.database.nowPlus() });
  }

  /** What failed is to be done once more: on one host, or everywhere. */
  async supersedeFailed(sessionId: string, host: string | undefined, tx: Tx): Promise<void> {
    await JOURNAL.query(tx)
      .where({ session_id: sessionId, state: 'failed', ...(host !== undefined && { host }) })
      .update({ state: 'superseded' });
  }

  async end(key: JournalKey, state: JournalEntry['state'], outcome: Record<string, unknown>, tx: Tx): Promise<void> {
    await JOURNAL.query(tx)
      .where(keyRow(key))
      .update({ ...JOURNAL.toRow({ state, outcome }), ended_at: this.database.nowPlus() });
  }

  private query(tx: Tx) {
    return JOURNAL.query(tx).select('journal.*', { age_s: this.database.ageOf('begun_at') } as never);
  }

  private entries(rows: Row[]): JournalEntry[] {
    return rows.map((row) => JOURNAL.fromRow(row));
  }
}

/** A whole entry may be given as its key. */
function keyRow({ sessionId, subject, action, attempt }: JournalKey): Row {
  return JOURNAL.toRow({ sessionId, subject, action, attempt });
}
