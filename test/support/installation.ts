import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { parseDatabaseUrl } from '../../src/config/index.js';
import { Database } from '../../src/db/database.js';
import { SchemaMigrator } from '../../src/db/migrator.js';
import { aDirectory } from './program.js';

/** By section. */
export type Options = Record<string, Record<string, string | number>>;

/** A SQLite file with this code's schema, or with none. */
export async function aDatabase(
  t: ExecutionContext,
  { schema = true } = {},
): Promise<{ url: string; database: Database }> {
  const url = `sqlite://${join(aDirectory(t), 'fenix.sqlite')}`;
  const database = await Database.open(parseDatabaseUrl(url));
  t.teardown(() => database.close());
  if (schema) await new SchemaMigrator(database).upgrade();
  return { url, database };
}

/** What an operator would write for one machine; nobody listens at this Keystone's address. */
export function installed(connection: string, authUrl = 'http://127.0.0.1:1/identity/v3'): Options {
  return {
    default: { transport_url: 'memory://', public_url: 'http://127.0.0.1/v1', port: 0, log_format: 'json' },
    database: { connection },
    service_user: { os_auth_url: authUrl, os_username: 'fenix', os_password: 'fenix', os_project_name: 'service' },
    keystone_authtoken: { auth_url: authUrl, username: 'fenix', password: 'fenix', project_name: 'service' },
  };
}
