import type { Database, Tx } from './database.js';
import { Table } from './table.js';

/** A plan with the snapshot it was made from, so that it can be replayed (L8). */
export interface StoredPlan {
  readonly sessionId: string;
  readonly seq: number;
  readonly at: Date;
  /** The host it is about. */
  readonly subject: string;
  readonly snapshot: unknown;
  readonly result: unknown;
}

const PLANS = new Table<StoredPlan>('plans', {
  sessionId: 'text',
  seq: 'number',
  at: 'time',
  subject: 'text',
  snapshot: 'json',
  result: 'json',
});

export class PlanRepository {
  constructor(private readonly database: Database) {}

  list(sessionId: string, tx: Tx = this.database.knex): Promise<StoredPlan[]> {
    return PLANS.list(tx, { sessionId }, 'seq');
  }

  /** The newest result of each host that is not maintained yet. */
  async current(sessionId: string): Promise<Map<string, unknown>> {
    const { knex } = this.database;
    const open = knex('session_hosts').select('hostname').where({ session_id: sessionId, maintained: 0 });
    const rows = await PLANS.query(knex)
      .select('subject', 'result')
      .where({ session_id: sessionId })
      .whereIn('subject', open)
      .orderBy('seq');
    return new Map(rows.map((row) => [String(row.subject), JSON.parse(String(row.result))]));
  }

  /** How many there are. */
  async count(sessionId: string, tx: Tx): Promise<number> {
    const rows = await PLANS.query(tx).where({ session_id: sessionId }).count({ n: '*' });
    return Number(rows[0]?.n);
  }

  insert(plan: StoredPlan, tx: Tx): Promise<void> {
    return PLANS.insert(tx, plan);
  }
}
