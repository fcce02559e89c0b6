import type { ConstraintOwner } from '../model/index.js';
import type { Database, Tx } from './database.js';
import type { Row, Table } from './table.js';

/** When a record was last put; which of several is the newest. */
export interface Stamped {
  readonly updatedAt: Date;
}

/** Ids per statement. */
const AT_ONCE = 500;

/** Records kept per (id, owner), so that nobody can occupy another's id (v1 §1.3). */
export abstract class OwnedRecords<M extends ConstraintOwner> {
  protected constructor(
    protected readonly database: Database,
    private readonly table: Table<M & Stamped>,
    /** Model key of the id, and its column. */
    private readonly key: keyof M & string,
    private readonly column: string,
  ) {}

  /** Replaces the owner's record of that id as a whole. */
  async put(record: M, at: Date, tx: Tx = this.database.knex): Promise<void> {
    await this.table.upsert(tx, [this.key, 'ownerProjectId'], { ...record, updatedAt: at });
  }

  async get(id: string, ownerProjectId: string, tx: Tx = this.database.knex): Promise<M | undefined> {
    const row = await this.of(id, tx).where({ owner_project_id: ownerProjectId }).first();
    return row === undefined ? undefined : this.read(row);
  }

  /** All owners' records of the id, newest first. */
  async all(id: string, tx: Tx = this.database.knex): Promise<M[]> {
    const rows = await this.of(id, tx).orderBy([{ column: 'updated_at', order: 'desc' }, 'owner_project_id']);
    return rows.map((row) => this.read(row));
  }

  /** @param ownerProjectId null = whoever owns them. @returns how many records there were */
  async remove(id: string, ownerProjectId: string | null, tx: Tx = this.database.knex): Promise<number> {
    const chosen = this.of(id, tx);
    if (ownerProjectId !== null) void chosen.where({ owner_project_id: ownerProjectId });
    return Number(await chosen.delete());
  }

  /** All owners' records of all these ids, in no particular order. */
  protected async forIds(ids: readonly string[], tx: Tx): Promise<M[]> {
    const found: M[] = [];
    for (let start = 0; start < ids.length; start += AT_ONCE) {
      const rows = await this.table.query(tx).whereIn(this.column, ids.slice(start, start + AT_ONCE));
      found.push(...rows.map((row) => this.read(row)));
    }
    return found;
  }

  private of(id: string, tx: Tx) {
    return this.table.query(tx).where({ [this.column]: id });
  }

  private read(row: Row): M {
    const { updatedAt: _, ...record } = this.table.fromRow(row);
    return record as unknown as M;
  }
}
