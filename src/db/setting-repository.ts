import type { Knex } from 'knex';
import { FenixError } from '../common/errors.js';
import type { Freeze } from '../model/index.js';
import type { Database, Tx } from './database.js';
import { isDuplicate } from './database.js';
import { Table } from './table.js';

const SETTINGS = new Table<Freeze & { readonly name: string }>('settings', {
  name: 'text',
  who: 'text',
  since: 'time',
  why: 'text',
});

const FROZEN = 'frozen';
/** Its `why` is the name of a schema migration. */
const SCHEMA_SERVES = 'schema-serves';

/** What operators set for the whole installation, every process of it. A setting is on while it has a row. */
export class SettingRepository {
  constructor(private readonly database: Database) {}

  /** Undefined unless everything is frozen. */
  async frozen(tx: Tx = this.database.knex): Promise<Freeze | undefined> {
    const row = await SETTINGS.find(tx, { name: FROZEN });
    return row && { who: row.who, since: row.since, why: row.why };
  }

  /** Asked in the transaction that begins something. @throws FenixError `frozen` (conflict) */
  async requireThawed(tx: Tx): Promise<void> {
    const freeze = await this.frozen(tx);
    if (freeze !== undefined) throw new FenixError('conflict', 'frozen', frozenSentence(freeze));
  }

  /** @returns false if it was frozen already; nothing is changed then */
  async freeze(freeze: Freeze, tx: Tx): Promise<boolean> {
    if ((await this.frozen(tx)) !== undefined) return false;
    try {
      await SETTINGS.insert(tx, { ...freeze, name: FROZEN });
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }

  /** The oldest schema whose code can work on this database; undefined where nobody has said so. */
  async schemaServes(tx: Tx = this.database.knex): Promise<string | undefined> {
    return (await SETTINGS.find(tx, { name: SCHEMA_SERVES }))?.why ?? undefined;
  }

  /** Said by the code that brought the schema up to its version. */
  async setSchemaServes(oldest: string): Promise<void> {
    const since = new Date();
    await SETTINGS.upsert(this.database.knex, ['name'], { name: SCHEMA_SERVES, who: 'db upgrade', since, why: oldest });
  }

  /** @returns false if it was not frozen */
  async thaw(tx: Tx): Promise<boolean> {
    return Number(await SETTINGS.query(tx).where({ name: FROZEN }).delete()) === 1;
  }
}

/** The row that is there while everything is frozen. */
export function freezeIn(tx: Tx): Knex.QueryBuilder {
  return tx('settings').select(tx.raw('1')).where('settings.name', FROZEN);
}

/** For people: who froze everything, since when and why. */
export function frozenSentence({ who, since, why }: Freeze): string {
  const reason = why === null ? '' : `: ${why}`;
  return `Frozen since ${since.toISOString().slice(0, 19).replace('T', ' ')} by ${who}${reason}`;
}
