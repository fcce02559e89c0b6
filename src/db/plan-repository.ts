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

  insert(plan: StoredPlan, tx: Tx): Promise<void> {
    return PLANS.insert(tx, plan);
  }
}
