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

/** Changes that may be committed in another order than that of their ids. */
const LAST = 1000;

/** Who set and who deleted constraints; outlives the constraints. */
export class ConstraintChangeRepository {
  constructor(private readonly database: Database) {}

  append(change: ConstraintChange, tx: Tx): Promise<void> {
    return CHANGES.insert(tx, change);
  }

  /**
   * Another text after every change that is committed. Ids are given before that, so a lower one may come later: all of
   * the last ones count, which no transaction outlasts.
   */
  async version(): Promise<string> {
    const { knex } = this.database;
    const last = CHANGES.query(knex).select('change_id').orderBy('change_id', 'desc').limit(LAST).as('last');
    const [found] = await knex.from(last).max({ newest: 'change_id' }).sum({ all: 'change_id' });
    return `${found?.newest ?? 0} ${found?.all ?? 0}`;
  }

  /** Of the instance or the group of that id, oldest first. */
  list(objectId: string): Promise<ConstraintChange[]> {
    const rows = CHANGES.query(this.database.knex).where({ object_id: objectId }).orderBy('change_id');
    return rows.then((found) => found.map((row) => CHANGES.fromRow(row)));
  }
}
