import type { Database, Tx } from './database.js';
import { Table } from './table.js';

/** A plan of all hosts with the snapshot that it was made from, so that it can be replayed (L8). */
export interface StoredFleetPlan {
  readonly sessionId: string;
  /** 1, 2, … in the order in which a session's plans were made. */
  readonly seq: number;
  readonly at: Date;
  /** As the planner packs it. */
  readonly packed: string;
}

const FLEET_PLANS = new Table<StoredFleetPlan>('fleet_plans', {
  sessionId: 'text',
  seq: 'number',
  at: 'time',
  packed: 'text',
});

/** The last plans of each session. */
export class FleetPlanRepository {
  constructor(private readonly database: Database) {}

  /** Oldest first. */
  list(sessionId: string): Promise<StoredFleetPlan[]> {
    return FLEET_PLANS.list(this.database.knex, { sessionId }, 'seq');
  }

  /** Adds one, and drops all but the last `most`. Two at once of a session are not allowed: it has one owner (L2). */
  async keep({ sessionId, at, packed }: Omit<StoredFleetPlan, 'seq'>, most: number, tx: Tx): Promise<void> {
    const ofSession = () => FLEET_PLANS.query(tx).where({ session_id: sessionId });
    const rows = await ofSession().max({ last: 'seq' });
    const seq = Number(rows[0]?.last ?? 0) + 1;
    await FLEET_PLANS.insert(tx, { sessionId, seq, at, packed });
    await ofSession()
      .where('seq', '<=', seq - most)
      .delete();
  }
}
