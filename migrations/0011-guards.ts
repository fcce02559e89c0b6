import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'guards', (table) => {
    table.name('guard_key').primary();
    table.int('version');
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'guards');
