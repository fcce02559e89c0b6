import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'engines', (table) => {
    table.name('engine_id').primary();
    table.name('host');
    table.word('version');
    table.json('plugins');
    table.time('started_at');
    table.time('seen_at').index();
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'engines');
