import type { Impact } from '../model/index.js';
import type { Database, Tx } from './database.js';
import { type Row, Table } from './table.js';

const IMPACTS = new Table<Impact>('impacts', {
  sessionId: 'text',
  instanceId: 'text',
  attempt: 'number',
  projectId: 'text',
  groupId: 'text',
  action: 'text',
  sourceHost: 'text',
  targetHost: 'text',
  vcpus: 'number',
  memoryMb: 'number',
  diskGb: 'number',
  startedAt: 'time',
  endedAt: 'time',
  recoveredAt: 'time',
});

/** Impacts of all sessions: what admission counts, and what the detail shows. */
export class ImpactRepository {
  constructor(private readonly database: Database) {}

  /** The session's, oldest first. */
  list(sessionId: string, tx: Tx = this.database.knex): Promise<Impact[]> {
    return IMPACTS.list(tx, { sessionId }, 'startedAt');
  }

  /** The session's that ended last. */
  async lastEnded(sessionId: string, most: number, tx: Tx = this.database.knex): Promise<Impact[]> {
    const ended = IMPACTS.query(tx).where({ session_id: sessionId }).whereNotNull('ended_at');
    return (await ended.orderBy('ended_at', 'desc').limit(most)).map((row) => IMPACTS.fromRow(row));
  }

  /** Of all sessions: whatever still counts at `at`. */
  async active(at: Date, tx: Tx = this.database.knex): Promise<Impact[]> {
    const recoveredAt = IMPACTS.toRow({ recoveredAt: at }).recovered_at as string;
    const rows: Row[] = await IMPACTS.query(tx).where((counts) => {
      void counts.whereNull('recovered_at').orWhere('recovered_at', '>', recoveredAt);
    });
    return rows.map((row) => IMPACTS.fromRow(row));
  }

  /** Of all sessions: those that have not ended. */
  async open(tx: Tx = this.database.knex): Promise<Impact[]> {
    const rows: Row[] = await IMPACTS.query(tx).whereNull('recovered_at').orderBy(['started_at', 'instance_id']);
    return rows.map((row) => IMPACTS.fromRow(row));
  }

  insert(impact: Impact, tx: Tx): Promise<void> {
    return IMPACTS.insert(tx, impact);
  }

  async end(key: Pick<Impact, 'sessionId' | 'instanceId' | 'attempt'>, endedAt: Date, recoveredAt: Date, tx: Tx) {
    await IMPACTS.update(tx, key, { endedAt, recoveredAt });
  }
}
