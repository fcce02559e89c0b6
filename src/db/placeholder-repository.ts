import type { Placeholder } from '../model/index.js';
import type { Database, Tx } from './database.js';
import { Table } from './table.js';

const PLACEHOLDERS = new Table<Placeholder>('placeholders', {
  sessionId: 'text',
  instanceId: 'text',
  consumer: 'text',
  host: 'text',
  vcpus: 'number',
  memoryMb: 'number',
  diskGb: 'number',
  state: 'text',
  since: 'time',
});

/** Room that Placement holds, or may hold, in the name of sessions. */
export class PlaceholderRepository {
  constructor(private readonly database: Database) {}

  /** Of all sessions, the oldest first. */
  all(tx: Tx = this.database.knex): Promise<Placeholder[]> {
    return PLACEHOLDERS.list(tx, {}, 'since');
  }

  ofSession(sessionId: string, tx: Tx = this.database.knex): Promise<Placeholder[]> {
    return PLACEHOLDERS.list(tx, { sessionId }, 'since');
  }

  insert(placeholder: Placeholder, tx: Tx): Promise<void> {
    return PLACEHOLDERS.insert(tx, placeholder);
  }

  async become(consumer: string, state: Placeholder['state'], tx: Tx): Promise<void> {
    await PLACEHOLDERS.update(tx, { consumer }, { state });
  }

  async remove(consumer: string, tx: Tx = this.database.knex): Promise<void> {
    await PLACEHOLDERS.query(tx).where({ consumer }).delete();
  }
}
