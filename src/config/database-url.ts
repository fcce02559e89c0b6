import { FenixError } from '../common/errors.js';

export type DatabaseTarget = MysqlTarget | SqliteTarget;

export interface MysqlTarget {
  readonly kind: 'mysql';
  readonly mysql: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string;
    readonly database: string;
    /** `?unix_socket=`; then host and port do not matter. */
    readonly socketPath?: string;
    /** Files named by `?ssl_ca=`, `ssl_cert=`, `ssl_key=`. */
    readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
  };
}

export interface SqliteTarget {
  readonly kind: 'sqlite';
  /** An absolute path, or `:memory:`. */
  readonly filename: string;
}

/**
 * A database URL as SQLAlchemy writes it, MySQL with or without driver (`mysql+pymysql://`), MariaDB, and SQLite.
 * `charset` is read over: Fenix always speaks utf8mb4. A path after `sqlite:///` is taken as absolute, with three slashes
 * as well as with four, since a service has no meaningful current directory.
 * @throws FenixError of kind `input`, code `database-url`; the message never contains the URL (password)
 */
export function parseDatabaseUrl(url: string): DatabaseTarget {
  if (url === '') throw refusal('is not set; it ');
  const [scheme = ''] = url.split('://');
  if (scheme === 'sqlite' || scheme.startsWith('sqlite+')) return sqlite(url.slice(scheme.length + '://'.length));
  if (!/^(mysql|mariadb)(\+\w+)?$/.test(scheme) || !URL.canParse(url)) throw refusal();
  const { hostname, port, username, password, pathname, searchParams } = new URL(url);
  const database = decode(pathname.slice(1));
  if (database === '') throw refusal();
  const socketPath = searchParams.get('unix_socket');
  const tls = {
    ...named('caFile', searchParams.get('ssl_ca')),
    ...named('certFile', searchParams.get('ssl_cert')),
    ...named('keyFile', searchParams.get('ssl_key')),
  };
  return {
    kind: 'mysql',
    mysql: {
      host: hostname.replace(/^\[|\]$/g, '') || 'localhost',
      port: port === '' ? 3306 : Number(port),
      user: decode(username),
      password: decode(password),
      database,
      ...(socketPath !== null && { socketPath }),
      ...(Object.keys(tls).length > 0 && { tls }),
    },
  };
}

function sqlite(rest: string): SqliteTarget {
  const [path = ''] = rest.split('?');
  if (path === '' || path === '/' || path === '/:memory:') return { kind: 'sqlite', filename: ':memory:' };
  if (!path.startsWith('/')) throw refusal();
  return { kind: 'sqlite', filename: decode(path.replace(/^\/+/, '/')) };
}

function named<K extends string>(key: K, value: string | null): Partial<Record<K, string>> {
  return value === null ? {} : ({ [key]: value } as Record<K, string>);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refusal();
  }
}

function refusal(what = ''): FenixError {
  return new FenixError(
    'input',
    'database-url',
    `Option connection in section [database] ${what}must be mysql+pymysql://user:password@host:port/database, ` +
      'sqlite:///absolute/path or sqlite://, with special characters percent-encoded.',
  );
}
