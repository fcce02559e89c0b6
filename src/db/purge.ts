import type { Knex } from 'knex';
import type { SessionState } from '../model/index.js';
import type { Database, Tx } from './database.js';
import { unattended } from './engine-repository.js';
import { FINISHED } from './session-repository.js';
import type { Row } from './table.js';
import { toTimeText } from './time-text.js';

/** Every table with rows of sessions; the session's own row goes last, so that what was broken off is found again. */
export const SESSION_TABLES: readonly string[] = [
  'host_claims',
  'session_hosts',
  'session_projects',
  'session_instances',
  'notices',
  'replies',
  'journal',
  'impacts',
  'facts',
  'placeholders',
  'plans',
  'fleet_plans',
  'plugin_runs',
  'history',
  'outbox',
  'commands',
  'sessions',
];

/** Lines that belong to no session. */
const CHANGES = 'constraint_changes';

export interface PurgeOptions {
  /** Domain time; only sessions that were last written before. */
  readonly before: Date;
  /** Also sessions that nobody deleted, if they are in DONE or FAILED. */
  readonly finished: boolean;
  /** Only count. */
  readonly dryRun: boolean;
}

export interface Purged {
  readonly sessions: number;
  /** Rows by table, in the order in which they go. */
  readonly rows: readonly (readonly [table: string, count: number])[];
  /** Old enough sessions that stay, since hosts are left disabled or instances stopped in their name (L6). */
  readonly kept: number;
}

/** Removes closed sessions with everything that is known of them, each in one transaction of its own, and old lines on constraints. */
export class Purge {
  constructor(private readonly database: Database) {}

  async run(options: PurgeOptions): Promise<Purged> {
    const { knex } = this.database;
    const found: Row[] = await this.old(knex, options).select('session_id', { owing: owing(knex) } as never);
    const ids = found.filter(({ owing }) => Number(owing) === 0).map((row) => String(row.session_id));
    const counts = new Map<string, number>();
    let sessions = 0;
    for (const sessionId of ids) {
      const removed = await this.remove(sessionId, options);
      if (removed.get('sessions') === 1) sessions += 1;
      for (const [table, count] of removed) counts.set(table, (counts.get(table) ?? 0) + count);
    }
    counts.set(CHANGES, await this.removeChanges(options));
    return { sessions, rows: [...counts], kept: found.length - ids.length };
  }

  private async removeChanges({ before, dryRun }: PurgeOptions): Promise<number> {
    const old = this.database.knex<Row>(CHANGES).where('at', '<', toTimeText(before));
    return dryRun ? countOf(old) : Number(await old.delete());
  }

  private remove(sessionId: string, options: PurgeOptions): Promise<Map<string, number>> {
    return this.database.transaction(async (tx) => {
      const counts = new Map<string, number>();
      // An admin may have asked for something since it was found.
      const stillOld = await this.old(tx, options).where({ session_id: sessionId }).forUpdate().select('session_id');
      if (stillOld.length === 0) return counts;
      for (const table of SESSION_TABLES) {
        const rows = tx<Row>(table).where({ session_id: sessionId });
        counts.set(table, options.dryRun ? await countOf(rows) : Number(await rows.delete()));
      }
      return counts;
    });
  }

  /** Closed, with nothing to consume, and with no engine at work on it. */
  private old(tx: Tx, { before, finished }: PurgeOptions): Knex.QueryBuilder<Row, Row[]> {
    const commands = () => tx('commands').select(tx.raw('1')).whereRaw('commands.session_id = sessions.session_id');
    return unattended(tx<Row, Row[]>('sessions'), this.database)
      .where({ closed: 1 })
      .where('updated_at', '<', toTimeText(before))
      .whereNotExists(commands().whereNull('handled_at'))
      .where((over) => {
        void over.whereExists(commands().where({ kind: 'delete' }));
        if (finished) void over.orWhereIn('state', [...FINISHED] as SessionState[]);
      });
  }
}

/** How many hosts the session of a row of `sessions` has left disabled, and instances stopped. */
function owing(tx: Tx): Knex.Raw {
  const of = (table: string) =>
    tx(table)
      .count('*')
      .whereRaw('?? = sessions.session_id', [`${table}.session_id`]);
  const stopped = of('impacts').where('action', 'STOP_START').whereNull('ended_at');
  return tx.raw('(? + ?)', [of('session_hosts').where('disabled', 1), stopped]);
}

async function countOf(rows: Knex.QueryBuilder<Row, Row[]>): Promise<number> {
  const [counted] = await rows.count({ n: '*' });
  return Number(counted?.n);
}
