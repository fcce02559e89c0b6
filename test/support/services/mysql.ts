import { type MysqlTarget, parseDatabaseUrl } from '../../../src/config/index.js';

/**
 * The server on which tests may make databases of their own: the one that `npm test` starts, or that
 * FENIX_TEST_MYSQL_URL names. Undefined where there is none; what needs it is then skipped.
 */
export const mysqlServer: MysqlTarget['mysql'] | undefined = serverOf(process.env.FENIX_TEST_MYSQL_URL);

function serverOf(url: string | undefined): MysqlTarget['mysql'] | undefined {
  if (url === undefined) return undefined;
  const target = parseDatabaseUrl(url);
  if (target.kind === 'mysql') return target.mysql;
  throw new Error('FENIX_TEST_MYSQL_URL must be mysql://user:password@host:port/database');
}
