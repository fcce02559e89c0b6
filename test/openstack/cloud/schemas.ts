import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { environment } from './environment.js';
import type { Service } from './services/index.js';
import { type CloudSettings, folders } from './settings.js';

export async function createDatabases({ mysqlUrl }: CloudSettings, names: readonly string[]): Promise<void> {
  const connection = await mysql.createConnection(mysqlUrl);
  try {
    for (const name of names) await connection.query(`CREATE DATABASE \`${name}\` CHARACTER SET utf8`);
  } finally {
    await connection.end();
  }
}

/** Runs the commands that make a service's tables. @throws Error with the end of what one said */
export async function createSchema(settings: CloudSettings, { name, schema }: Service): Promise<void> {
  const log = join(folders(settings.home).log, `${name}-schema.log`);
  for (const { argv, env } of schema) {
    const [program, ...args] = argv;
    const output = openSync(log, 'a');
    const child = spawn(program, args, {
      stdio: ['ignore', output, output],
      env: { ...environment(settings.home), ...env },
    });
    closeSync(output);
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${readFileSync(log, 'utf8').slice(-2000)}`);
  }
}
