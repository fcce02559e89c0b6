import type { Knex } from 'knex';
import type { Tx } from './database.js';
import { fromTimeText, toTimeText } from './time-text.js';

/** `timedJson`: a JSON object whose keys at, since and until hold times. */
type Codec = 'text' | 'number' | 'bool' | 'time' | 'json' | 'timedJson';
export type Row = Record<string, unknown>;

/** Of one statement; databases take only so many values. */
const MOST_KEYS = 500;

/** Turns a model type into rows and back; column names are the model's in snake_case. Null stays null. */
export class Table<M extends object> {
  private readonly columns: readonly Column[];

  constructor(
    readonly name: string,
    shape: { readonly [K in keyof M]-?: Codec },
  ) {
    this.columns = Object.entries<Codec>(shape).map(([key, codec]) => [key, snakeCase(key), codec] as const);
  }

  query(tx: Tx): Knex.QueryBuilder<Row, Row[]> {
    return tx<Row, Row[]>(this.name);
  }

  /** The given keys as columns; usable as row, patch or `where`. */
  toRow(model: Partial<M>): Row {
    const source = model as Record<string, unknown>;
    const row: Row = {};
    for (const [key, column, codec] of this.columns) {
      const value = source[key];
      if (value !== undefined) row[column] = value === null ? null : encode(codec, value);
    }
    return row;
  }

  fromRow(row: Row): M {
    return modelOf(this.columns, row) as M;
  }

  /** Rows that have one of these keys, which are all of one shape. */
  anyOf(tx: Tx, keys: readonly Partial<M>[]): Knex.QueryBuilder<Row, Row[]> {
    const rows = keys.map((key) => this.toRow(key));
    const columns = Object.keys(rows[0] ?? {});
    const one = `(${columns.map((column) => `${column} = ?`).join(' and ')})`;
    const values = rows.flatMap((row) => columns.map((column) => row[column]));
    const any = rows.length === 0 ? '1 = 0' : rows.map(() => one).join(' or ');
    return this.query(tx).whereRaw(`(${any})`, values as Knex.RawBinding[]);
  }

  async find(tx: Tx, key: Partial<M>): Promise<M | undefined> {
    const row = await this.query(tx).where(this.toRow(key)).first();
    return row === undefined ? undefined : this.fromRow(row);
  }

  async list(tx: Tx, key: Partial<M>, orderBy: keyof M & string): Promise<M[]> {
    const rows = await this.query(tx).where(this.toRow(key)).orderBy(snakeCase(orderBy));
    return rows.map((row) => this.fromRow(row));
  }

  /** Only these keys of all rows that the query finds: what else they hold is neither sent nor decoded. */
  async pick<K extends keyof M & string>(
    query: Knex.QueryBuilder<Row, Row[]>,
    keys: readonly K[],
  ): Promise<Pick<M, K>[]> {
    const wanted = this.columns.filter(([key]) => (keys as readonly string[]).includes(key));
    const rows = (await query.select(wanted.map(([, column]) => column))) as Row[];
    return rows.map((row) => modelOf(wanted, row) as Pick<M, K>);
  }

  async insert(tx: Tx, models: Partial<M> | readonly Partial<M>[]): Promise<void> {
    for (const rows of this.rowsOf(models)) await this.query(tx).insert(rows);
  }

  /** @returns the number of rows that matched */
  update(tx: Tx, key: Partial<M>, patch: Partial<M>): Promise<number> {
    return this.query(tx).where(this.toRow(key)).update(this.toRow(patch)) as unknown as Promise<number>;
  }

  /**
   * Changes rows that differ in one more key, each by its own patch: those with the same patch in one statement.
   * @param patches by the value of `key`
   */
  async updateEach(
    tx: Tx,
    where: Partial<M>,
    key: keyof M & string,
    patches: ReadonlyMap<string, Partial<M>>,
  ): Promise<void> {
    const same = new Map<string, { readonly row: Row; readonly keys: string[] }>();
    for (const [value, patch] of patches) {
      const row = this.toRow(patch);
      const text = JSON.stringify(row);
      const known = same.get(text);
      if (known === undefined) same.set(text, { row, keys: [value] });
      else known.keys.push(value);
    }
    for (const { row, keys } of same.values()) {
      for (let from = 0; from < keys.length; from += MOST_KEYS) {
        const some = keys.slice(from, from + MOST_KEYS);
        await this.query(tx).where(this.toRow(where)).whereIn(snakeCase(key), some).update(row);
      }
    }
  }

  /** Inserts, or overwrites rows with the same keys. */
  async upsert(tx: Tx, keys: readonly (keyof M & string)[], models: M | readonly M[]): Promise<void> {
    for (const rows of this.rowsOf(models)) {
      await this.query(tx)
        .insert(rows)
        .onConflict(keys.map(snakeCase) as never)
        .merge();
    }
  }

  /** As many at a time as one statement takes. */
  private *rowsOf(models: Partial<M> | readonly Partial<M>[]): Generator<Row[]> {
    const rows = (Array.isArray(models) ? models : [models]).map((model: Partial<M>) => this.toRow(model));
    // SQLite allows 32,766 bound values a statement.
    for (let start = 0; start < rows.length; start += MOST_KEYS) yield rows.slice(start, start + MOST_KEYS);
  }
}

type Column = readonly [key: string, column: string, codec: Codec];

function modelOf(columns: readonly Column[], row: Row): Row {
  const model: Row = {};
  for (const [key, column, codec] of columns) {
    const value = row[column];
    model[key] = value === null || value === undefined ? null : decode(codec, value);
  }
  return model;
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function encode(codec: Codec, value: unknown): unknown {
  if (codec === 'time') return toTimeText(value as Date);
  if (codec === 'json' || codec === 'timedJson') return JSON.stringify(value);
  return codec === 'bool' ? Number(value) : value;
}

function decode(codec: Codec, value: unknown): unknown {
  if (codec === 'time') return fromTimeText(String(value));
  if (codec === 'json') return JSON.parse(String(value));
  if (codec === 'timedJson') return JSON.parse(String(value), reviveTime);
  if (codec === 'bool') return Boolean(value);
  return codec === 'number' ? Number(value) : value;
}

const TIME_KEYS = new Set(['at', 'since', 'until']);

function reviveTime(key: string, value: unknown): unknown {
  return TIME_KEYS.has(key) && typeof value === 'string' ? new Date(value) : value;
}
