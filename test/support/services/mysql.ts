import { type MysqlTarget, parseDatabaseUrl } from '../../../src/config/index.js';
import { script } from './script.js';

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

/** A server of one's own, to do harm to. */
export interface OwnMariadb {
  readonly url: string;
  /** Ends it, in good order or (SIGKILL) at once. */
  halt(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again, with its data and on the same port. */
  resume(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one that keeps what it has committed, whatever happens to it; to be stopped by the caller. */
export async function startMariadb(): Promise<OwnMariadb> {
  const { start } = await script<{ start(options: object): Promise<OwnMariadb> }>('services/mariadb.mjs');
  return start({ durable: true });
}
