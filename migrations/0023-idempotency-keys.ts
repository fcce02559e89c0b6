import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'idempotency_keys', (table) => {
    table.word('key_digest').primary();
    table.word('request_digest');
    table.json('answer');
    table.time('stored_at').index();
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'idempotency_keys');
