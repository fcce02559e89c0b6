import { randomUUID } from 'node:crypto';
import { parseDatabaseUrl } from '../src/config/index.js';
import { Database } from '../src/db/database.js';

/** Lets `work` have a database of its own on the server, empty at first and dropped afterwards, by its URL. */
export async function withDatabase<T>(serverUrl: string, work: (url: string) => Promise<T>): Promise<T> {
  const name = `fenix_bench_${randomUUID().replaceAll('-', '')}`;
  const url = new URL(serverUrl);
  url.pathname = name;
  const admin = await Database.open(parseDatabaseUrl(serverUrl));
  await admin.knex.raw(`create database ${name} character set utf8mb4 collate utf8mb4_general_ci`);
  try {
    return await work(url.href);
  } finally {
    await admin.knex.raw(`drop database ${name}`);
    await admin.close();
  }
}
