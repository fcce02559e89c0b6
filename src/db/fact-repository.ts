import type { Fact } from '../model/index.js';
import type { Database, Tx } from './database.js';
import { Table } from './table.js';

const FACTS = new Table<Fact>('facts', {
  sessionId: 'text',
  instanceId: 'text',
  host: 'text',
  code: 'text',
  message: 'text',
  at: 'time',
});

/** What the world refused: targets not to be tried again (L12). */
export class FactRepository {
  constructor(private readonly database: Database) {}

  list(sessionId: string, tx: Tx = this.database.knex): Promise<Fact[]> {
    return FACTS.list(tx, { sessionId }, 'at');
  }

  record(fact: Fact, tx: Tx): Promise<void> {
    return FACTS.upsert(tx, ['sessionId', 'instanceId', 'host'], fact);
  }

  /** The world takes it back. */
  async withdraw({ sessionId, instanceId, host, code }: Omit<Fact, 'message' | 'at'>, tx: Tx): Promise<void> {
    await FACTS.query(tx).where(FACTS.toRow({ sessionId, instanceId, host, code })).delete();
  }

  /** Room may have come back: nothing that was refused stands any more, of one instance or of all. */
  async forget(sessionId: string, tx: Tx, instanceId?: string): Promise<void> {
    await FACTS.query(tx)
      .where({ session_id: sessionId, ...(instanceId !== undefined && { instance_id: instanceId }) })
      .delete();
  }
}
