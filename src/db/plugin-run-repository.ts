import type { PluginRun } from '../model/index.js';
import type { Database, Tx } from './database.js';
import { Table } from './table.js';

const RUNS = new Table<PluginRun>('plugin_runs', {
  sessionId: 'text',
  type: 'text',
  name: 'text',
  plugin: 'text',
  hostname: 'text',
  state: 'text',
  attempt: 'number',
  startedAt: 'time',
  endedAt: 'time',
});

export class PluginRunRepository {
  constructor(private readonly database: Database) {}

  list(sessionId: string, tx: Tx = this.database.knex): Promise<PluginRun[]> {
    return RUNS.list(tx, { sessionId }, 'startedAt');
  }

  save(run: PluginRun, tx: Tx): Promise<void> {
    return RUNS.upsert(tx, ['sessionId', 'type', 'name', 'hostname'], run);
  }
}
