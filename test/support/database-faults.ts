import type { Database } from '../../src/db/database.js';

/** What is about to be sent to the database. */
export interface Statement {
  readonly sql: string;
  /** Counted from 1. */
  readonly number: number;
}

export type Trouble = 'none' | 'refused' | 'answer lost';

export function isCommit({ sql }: Pick<Statement, 'sql'>): boolean {
  return /^commit/i.test(sql);
}

/** As mysql2 reports what a MySQL, MariaDB or Galera server says. */
export function serverError(code: string, errno: number, message: string): Error {
  return Object.assign(new Error(message), { code, errno });
}

interface Client {
  _query(connection: unknown, query: { readonly sql: string }): Promise<unknown>;
}

/**
 * Lets statements fail: `refused` ones are not carried out, of those whose `answer` is `lost` nobody learns that they were.
 * @returns what ends that
 */
export function troubled(
  { knex }: Pick<Database, 'knex'>,
  error: () => Error,
  troubleOf: (statement: Statement) => Trouble,
): () => void {
  // Each SQLite database has a class of its own, which the clients of its transactions share.
  const client = Object.getPrototypeOf(knex.client) as Client;
  const original = client._query;
  let number = 0;
  client._query = async function (connection, query) {
    number += 1;
    const trouble = troubleOf({ sql: query.sql, number });
    if (trouble === 'refused') {
      // A server that refuses to commit has rolled back.
      if (isCommit(query)) await original.call(this, connection, { ...query, sql: 'ROLLBACK' });
      throw error();
    }
    const answer = await original.call(this, connection, query);
    if (trouble === 'answer lost') throw error();
    return answer;
  };
  return () => {
    client._query = original;
  };
}
