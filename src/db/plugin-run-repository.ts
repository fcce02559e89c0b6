import type { PluginRun } from '../model/index.js';
import type { Database, Tx } from './database.js';
import { hostsMaintained } from './session-host-repository.js';
import { type Row, Table } from './table.js';
import { fromTimeText } from './time-text.js';

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
  output: 'text',
  facts: 'json',
});

type RunKey = Pick<PluginRun, 'sessionId' | 'type' | 'name' | 'hostname'>;

export class PluginRunRepository {
  constructor(private readonly database: Database) {}

  list(sessionId: string, tx: Tx = this.database.knex): Promise<PluginRun[]> {
    return RUNS.list(tx, { sessionId }, 'startedAt');
  }

  /** Of maintained hosts, those first whose actions ended last: from the first one's begin to the last one's end. */
  async lastMaintained(
    sessionId: string,
    most: number,
    tx: Tx = this.database.knex,
  ): Promise<{ readonly startedAt: Date; readonly endedAt: Date }[]> {
    const rows: Row[] = await RUNS.query(tx)
      .where({ session_id: sessionId })
      .whereIn('hostname', hostsMaintained(tx, sessionId))
      .groupBy('hostname')
      .havingRaw('count(*) = count(ended_at)')
      .min({ started: 'started_at' })
      .max({ ended: 'ended_at' })
      .orderBy('ended', 'desc')
      .limit(most);
    return rows.map(({ started, ended }) => ({
      startedAt: fromTimeText(String(started)),
      endedAt: fromTimeText(String(ended)),
    }));
  }

  /** What it said stays as it is where the run does not have it. */
  save(run: PluginRun, tx: Tx): Promise<void> {
    return RUNS.upsert(tx, ['sessionId', 'type', 'name', 'hostname'], run);
  }

  /** What it has said so far. */
  async show(key: RunKey, shown: Pick<PluginRun, 'output' | 'facts'>, tx: Tx): Promise<void> {
    await RUNS.query(tx).where(RUNS.toRow(key)).update(RUNS.toRow(shown));
  }
}
