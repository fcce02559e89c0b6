import type { ConstraintChange } from '../model/index.js';
import type { Database, Tx } from './database.js';
import { Table } from './table.js';

const CHANGES = new Table<ConstraintChange>('constraint_changes', {
  kind: 'text',
  objectId: 'text',
  projectId: 'text',
  at: 'time',
  who: 'text',
  what: 'text',
  details: 'json',
});

/** Who set and who deleted constraints; outlives the constraints. */
export class ConstraintChangeRepository {
  constructor(private readonly database: Database) {}

  append(change: ConstraintChange, tx: Tx): Promise<void> {
    return CHANGES.insert(tx, change);
  }

  /** Another text after every change. */
  async version(): Promise<string> {
    const [last] = await CHANGES.query(this.database.knex).max({ id: 'change_id', at: 'at' });
    return `${last?.id ?? 0} ${last?.at ?? ''}`;
  }

  /** Of the instance or the group of that id, oldest first. */
  list(objectId: string): Promise<ConstraintChange[]> {
    const rows = CHANGES.query(this.database.knex).where({ object_id: objectId }).orderBy('change_id');
    return rows.then((found) => found.map((row) => CHANGES.fromRow(row)));
  }
}
