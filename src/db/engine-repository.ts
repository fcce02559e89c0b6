import type { EngineRecord, PluginInfo } from '../model/index.js';
import type { Database } from './database.js';
import { type Row, Table } from './table.js';

const ENGINES = new Table<EngineRecord>('engines', {
  engineId: 'text',
  host: 'text',
  version: 'text',
  plugins: 'json',
  startedAt: 'time',
  seenAt: 'time',
  alive: 'bool',
});

/** Engines and the plug-ins they have; what the API validates requests against (L1). Times are the database's. */
export class EngineRepository {
  constructor(private readonly database: Database) {}

  async register(engine: Pick<EngineRecord, 'engineId' | 'host' | 'version' | 'plugins'>): Promise<void> {
    const now = this.database.nowPlus();
    await ENGINES.query(this.database.knex)
      .insert({ ...ENGINES.toRow(engine), started_at: now, seen_at: now })
      .onConflict('engine_id')
      .merge();
  }

  async touch(engineId: string): Promise<void> {
    await ENGINES.query(this.database.knex).where({ engine_id: engineId }).update({ seen_at: this.database.nowPlus() });
  }

  /** A stopped engine keeps its row, so that the API still knows its plug-ins, but counts as gone at once. */
  async leave(engineId: string): Promise<void> {
    await ENGINES.query(this.database.knex)
      .where({ engine_id: engineId })
      .update({ seen_at: this.database.nowPlus(-86_400) });
  }

  /**
   * Forgets engines that nobody has seen for `unseenS` seconds, but for the one seen last: without any, the API would
   * know no plug-ins (L1). @returns how many they are
   */
  async prune(unseenS: number, dryRun = false): Promise<number> {
    const { knex } = this.database;
    const [last] = await ENGINES.query(knex).max({ seen_at: 'seen_at' });
    const gone = ENGINES.query(knex)
      .where('seen_at', '<', this.database.nowPlus(-unseenS))
      .where('seen_at', '<', String(last?.seen_at ?? ''));
    if (!dryRun) return Number(await gone.delete());
    const [counted] = await gone.count({ n: '*' });
    return Number(counted?.n);
  }

  /** All that were ever seen, latest first. @param aliveS seconds since it was seen within which an engine is alive */
  async list(aliveS: number): Promise<EngineRecord[]> {
    const rows: Row[] = await ENGINES.query(this.database.knex)
      .select('engines.*', { age: this.database.ageOf('seen_at') } as never)
      .orderBy('seen_at', 'desc');
    return rows.map((row) => ({ ...ENGINES.fromRow(row), alive: Number(row.age) <= aliveS }));
  }

  /** Plug-ins of the engines that are alive, else of those last seen; the newest engine wins for a name. */
  async plugins(aliveS: number): Promise<PluginInfo[]> {
    const engines = await this.list(aliveS);
    const alive = engines.filter((engine) => engine.alive);
    const found = new Map<string, PluginInfo>();
    for (const engine of alive.length > 0 ? alive : engines) {
      for (const plugin of engine.plugins) {
        const key = `${plugin.kind}/${plugin.name}`;
        if (!found.has(key)) found.set(key, plugin);
      }
    }
    return [...found.values()];
  }
}
