import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import knexFactory, { type Knex } from 'knex';
import { FenixError, messageOf } from '../common/errors.js';
import type { DatabaseTarget, MysqlTarget, SqliteTarget } from '../config/index.js';
import { makePrivately } from './sqlite-file.js';
import { fromTimeText } from './time-text.js';

/** A connection pool or a transaction: whatever a query may run on. */
export type Tx = Knex;

/** Where the database is, and how many connections this process may hold. */
export type DatabaseSettings = DatabaseTarget & {
  readonly poolSize?: number;
  /** What SQLite takes for its own time, where one process has all of it and its machine time is stepped. */
  readonly time?: () => Date;
};

const DEADLOCK_RETRIES = 10;
/** MySQL: deadlock, lock wait time-out, Galera's "not yet prepared"; SQLite: another process holds the file. */
const RETRIED = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_UNKNOWN_COM_ERROR', 'SQLITE_BUSY']);
const DUPLICATE = new Set(['ER_DUP_ENTRY', 'SQLITE_CONSTRAINT_PRIMARYKEY', 'SQLITE_CONSTRAINT_UNIQUE']);

/** The connection could not be made, broke or was refused for now (mysql2, Node, knex's pool). */
const OUT_OF_REACH = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'PROTOCOL_CONNECTION_LOST',
  'ER_CON_COUNT_ERROR',
  'ER_SERVER_SHUTDOWN',
  'ER_OPTION_PREVENTS_STATEMENT',
]);
/** Errors reach the caller by their promise; knex would write them to the console as well. */
const QUIET = { warn() {}, error() {}, deprecate() {}, debug() {} };

/** One database, MySQL/MariaDB or SQLite, with the few expressions in which they differ. */
export class Database {
  private constructor(
    readonly knex: Knex,
    private readonly kind: DatabaseSettings['kind'],
    private readonly time: (() => Date) | undefined,
  ) {}

  /** @throws FenixError `database-unreachable` (transient) */
  static async open(settings: DatabaseSettings): Promise<Database> {
    const knex = settings.kind === 'mysql' ? openMysql(settings, settings.poolSize) : openSqlite(settings);
    const database = new Database(knex, settings.kind, settings.time);
    try {
      if (settings.kind === 'sqlite') await database.prepareSqlite(settings.filename);
      await database.ping();
    } catch (error) {
      await knex.destroy();
      throw new FenixError('transient', 'database-unreachable', `The database is out of reach: ${messageOf(error)}.`, {
        cause: error,
      });
    }
    return database;
  }

  async ping(): Promise<void> {
    await this.knex.raw('select 1');
  }

  /**
   * Runs `work` in one READ COMMITTED transaction, again as a whole when the database refuses it for reasons that
   * pass (deadlock, lock wait, a busy file). `work` must do nothing but queries on `tx`.
   */
  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.knex.transaction(work);
      } catch (error) {
        if (attempt >= DEADLOCK_RETRIES || !RETRIED.has(codeOf(error))) throw error;
      }
    }
  }

  /** The database's own time now, plus `seconds`; for leases and ages, never for domain time. */
  nowPlus(seconds = 0): Knex.Raw {
    return this.kind === 'mysql'
      ? this.knex.raw('timestampadd(microsecond, ?, utc_timestamp(6))', [Math.round(seconds * 1e6)])
      : this.knex.raw("strftime('%Y-%m-%d %H:%M:%f000', ?, ?)", [this.sqliteNow, `${seconds} seconds`]);
  }

  /** What its clock shows. */
  async currentTime(): Promise<Date> {
    const [row] = await this.knex.select({ now: this.nowPlus() });
    return fromTimeText(String(row.now));
  }

  /** Seconds since `column` by the database's own time, with fractions. */
  ageOf(column: string): Knex.Raw {
    return this.kind === 'mysql'
      ? this.knex.raw('timestampdiff(microsecond, ??, utc_timestamp(6)) / 1000000', [column])
      : this.knex.raw('(julianday(?) - julianday(??)) * 86400.0', [this.sqliteNow, column]);
  }

  /** Whether others may hold a lock of one row; else a transaction has all of them. */
  get locksRows(): boolean {
    return this.kind === 'mysql';
  }

  async close(): Promise<void> {
    await this.knex.destroy();
  }

  private get sqliteNow(): string {
    return this.time?.().toISOString() ?? 'now';
  }

  private async prepareSqlite(filename: string): Promise<void> {
    makePrivately(filename);
    await this.knex.raw('pragma journal_mode = wal');
    await this.knex.raw('pragma synchronous = normal');
    await this.knex.raw('pragma busy_timeout = 5000');
  }
}
export const DatabaseToken: unique symbol = Symbol('Database');

/** Whether `error` says that a row with that key is there already. */
export function isDuplicate(error: unknown): boolean {
  return DUPLICATE.has(codeOf(error));
}

/** Whether `error` came of a database that is out of reach or too busy: the same may succeed later. */
export function isDatabaseTrouble(error: unknown): boolean {
  const code = codeOf(error);
  return (
    OUT_OF_REACH.has(code) || RETRIED.has(code) || isBroken(error) || error instanceof knexFactory.KnexTimeoutError
  );
}

/** mysql2's mark of an error after which a connection is of no use; that of a rollback on such a one has no code. */
function isBroken(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'fatal' in error && error.fatal === true;
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

function openMysql({ mysql }: MysqlTarget, poolSize?: number): Knex {
  return knexFactory({
    client: 'mysql2',
    connection: {
      ...withCertificates(mysql),
      timezone: 'Z',
      dateStrings: true,
      charset: 'utf8mb4',
      connectTimeout: 5000,
    },
    pool: { min: 0, max: poolSize ?? 10, afterCreate: prepareMysql },
    acquireConnectionTimeout: 10_000,
    log: QUIET,
  });
}

/** What of a connection of mysql2 is of interest here. */
interface Querying {
  query(sql: string, done: (error: Error | null) => void): void;
}

/** Seconds; with ten tries in all nobody gives up early, and nobody stands for the server's 50 s before one row's lock. */
const LOCK_WAIT_S = 3;
/**
 * A process that stands still in the middle of a transaction (stopped, swapped, on a machine that is being moved) would
 * keep its locks, so that no other engine could take its session: the server ends it after so many seconds. MariaDB
 * only; MySQL has nothing of the kind. More than an event loop may be busy for.
 */
const IDLE_TRANSACTION_S = 6;

const PREPARE_MYSQL = [
  'set session transaction isolation level read committed',
  `set session innodb_lock_wait_timeout = ${LOCK_WAIT_S} /*M!100303 , session idle_transaction_timeout = ${IDLE_TRANSACTION_S} */`,
];

/** Once for the connection, not with each transaction, which would be more statements. */
function prepareMysql(connection: Querying, done: (error: Error | null, connection: Querying) => void): void {
  const next = (left: readonly string[]): void => {
    const [statement, ...rest] = left;
    if (statement === undefined) done(null, connection);
    else connection.query(statement, (error) => (error === null ? next(rest) : done(error, connection)));
  };
  next(PREPARE_MYSQL);
}

/** mysql2 wants certificates themselves, not the names of their files. */
function withCertificates(mysql: MysqlTarget['mysql']): object {
  if (mysql.tls === undefined) return mysql;
  const { tls, ...server } = mysql;
  const { caFile, certFile, keyFile } = tls;
  const ssl = {
    ...(caFile !== undefined && { ca: readFileSync(caFile) }),
    ...(certFile !== undefined && { cert: readFileSync(certFile) }),
    ...(keyFile !== undefined && { key: readFileSync(keyFile) }),
  };
  return { ...server, ssl };
}

/** SQLite through libsql, whose driver speaks better-sqlite3's interface; one connection serialises writers. */
function openSqlite({ filename }: SqliteTarget): Knex {
  const require = createRequire(import.meta.url);
  const BetterSqlite3 = require('knex/lib/dialects/better-sqlite3/index.js');
  class LibsqlClient extends BetterSqlite3 {
    _driver(): unknown {
      return require('libsql');
    }

    async acquireRawConnection(): Promise<Preparing> {
      return rememberingStatements(lockingAtOnce(await super.acquireRawConnection()));
    }
  }
  return knexFactory({
    client: LibsqlClient as unknown as typeof Knex.Client,
    connection: { filename },
    pool: { min: 1, max: 1, idleTimeoutMillis: 2 ** 31 - 1 },
    useNullAsDefault: true,
    log: QUIET,
  });
}

/** What of a connection of libsql is of interest here. */
interface Preparing {
  prepare(sql: string): Statement;
}

interface Statement {
  /** Whether it returns rows. */
  readonly reader: boolean;
}

/**
 * A transaction that has read may not write any more once another process has written (SQLITE_BUSY_SNAPSHOT, which
 * waiting does not mend); one that begins by taking the lock waits for it, up to `busy_timeout`.
 */
function lockingAtOnce(connection: Preparing): Preparing {
  const prepare = connection.prepare.bind(connection);
  connection.prepare = (sql) => prepare(sql === 'BEGIN;' ? 'BEGIN IMMEDIATE;' : sql);
  return connection;
}

/** Far more than there are queries, were it not for those with lists in them. */
const MOST_STATEMENTS = 1000;

/** Preparing takes as long as running, and few statements are ever run only once. */
function rememberingStatements(connection: Preparing): Preparing {
  const prepare = connection.prepare.bind(connection);
  const known = new Map<string, Statement>();
  connection.prepare = (sql) => {
    const statement = known.get(sql) ?? knowingItsKind(prepare(sql));
    if (known.size >= MOST_STATEMENTS) known.clear();
    known.set(sql, statement);
    return statement;
  };
  return connection;
}

/** libsql asks SQLite for it each time, knex before each query. */
function knowingItsKind(statement: Statement): Statement {
  return Object.defineProperty(statement, 'reader', { value: statement.reader });
}
