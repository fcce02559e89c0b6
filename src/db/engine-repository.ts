import type { Knex } from 'knex';
import type { EngineRecord, PluginInfo } from '../model/index.js';
import type { Database } from './database.js';
import { type Row, Table } from './table.js';

const ENGINES = new Table<EngineRecord>('engines', {
  engineId: 'text',
  host: 'text',
  version: 'text',
  plugins: 'json',
  brokenPlugins: 'json',
  startedAt: 'time',
  seenAt: 'time',
  alive: 'bool',
});

/** An engine's lease, and how many sessions it owns. */
export interface LeaseView {
  readonly engineId: string;
  readonly sessions: number;
  /** It takes no session any more. */
  readonly leaving: boolean;
  /** Seconds until the lease ends; negative: it has. */
  readonly leftS: number;
}

type SessionQuery<R extends Row> = Knex.QueryBuilder<R, R[]>;

/**
 * Narrows a query of `sessions` to those without an owner that may still act. An engine that lost its lease has none for
 * good, so what is read here can't become untrue: whoever is ownerless stays it until claimed.
 */
export function ownerless<R extends Row>(query: SessionQuery<R>, database: Database): SessionQuery<R> {
  return without(query, database, (engines) => void engines.whereNotNull('engines.lease_until'));
}

/** As {@link ownerless}, and those whose owner's lease has ended but was not taken yet: nobody is at work on them. */
export function unattended<R extends Row>(query: SessionQuery<R>, database: Database): SessionQuery<R> {
  return without(query, database, (engines) => void engines.where('engines.lease_until', '>', database.nowPlus()));
}

/** Engines of the schema before 0025 keep their leases in `sessions`. */
function without<R extends Row>(
  query: SessionQuery<R>,
  database: Database,
  narrowed: (engines: Knex.QueryBuilder) => void,
): SessionQuery<R> {
  return query
    .whereNotExists((engines) => {
      void engines.select(database.knex.raw('1')).from('engines').whereRaw('engines.engine_id = sessions.owner');
      narrowed(engines);
    })
    .where((old) => {
      void old
        .whereNull('sessions.owner')
        .orWhereNull('sessions.lease_until')
        .orWhere('sessions.lease_until', '<', database.nowPlus());
    });
}

/**
 * Engines, their leases and the plug-ins they have; what the API validates requests against (L1). One lease per engine:
 * renewing it never waits for what a transaction about a session has locked. Times are the database's.
 */
export class EngineRepository {
  constructor(private readonly database: Database) {}

  /** A new engine, with a lease. An id is used for one life: who lost its lease registers under another one. */
  async register(
    engine: Pick<EngineRecord, 'engineId' | 'host' | 'version' | 'plugins'> &
      Partial<Pick<EngineRecord, 'brokenPlugins'>>,
    leaseS: number,
  ): Promise<void> {
    const now = this.database.nowPlus();
    await ENGINES.query(this.database.knex)
      .insert({
        ...ENGINES.toRow(engine),
        started_at: now,
        seen_at: now,
        lease_until: this.database.nowPlus(leaseS),
        leaving: 0,
      })
      .onConflict('engine_id')
      .merge();
  }

  /**
   * Prolongs the lease, also one that has ended unless somebody took note.
   * @returns false when it is lost for good
   * @throws also when the database did not answer within the lease's length
   */
  async renew(engineId: string, leaseS: number): Promise<boolean> {
    const renewed = await ENGINES.query(this.database.knex)
      .where({ engine_id: engineId })
      .whereNotNull('lease_until')
      .update({ seen_at: this.database.nowPlus(), lease_until: this.database.nowPlus(leaseS) })
      .timeout(leaseS * 1000);
    return renewed === 1;
  }

  /**
   * Takes their leases from all engines whose lease has ended: none of them can renew it any more. What they own is
   * ownerless from here on. @returns how many they are
   */
  expire(): Promise<number> {
    return ENGINES.query(this.database.knex)
      .where('lease_until', '<', this.database.nowPlus())
      .update({ lease_until: null }) as unknown as Promise<number>;
  }

  /** All engines that have a lease, be it one that has ended and was not taken yet. */
  async survey(): Promise<LeaseView[]> {
    const { knex } = this.database;
    const rows: Row[] = await ENGINES.query(knex)
      .whereNotNull('lease_until')
      .select({
        engine_id: 'engine_id',
        leaving: 'leaving',
        age: this.database.ageOf('lease_until'),
        sessions: knex('sessions').count('*').whereRaw('sessions.owner = engines.engine_id'),
      } as never);
    return rows.map((row) => ({
      engineId: String(row.engine_id),
      sessions: Number(row.sessions),
      leaving: Boolean(row.leaving),
      leftS: -Number(row.age),
    }));
  }

  /** It takes no session any more, and is about to stop. */
  async retire(engineId: string): Promise<void> {
    await ENGINES.query(this.database.knex).where({ engine_id: engineId }).update({ leaving: 1 });
  }

  /** A stopped engine keeps its row, so that the API still knows its plug-ins, but counts as gone at once. */
  async leave(engineId: string): Promise<void> {
    await ENGINES.query(this.database.knex)
      .where({ engine_id: engineId })
      .update({ seen_at: this.database.nowPlus(-86_400), lease_until: null });
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
