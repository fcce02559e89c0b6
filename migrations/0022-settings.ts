import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'settings', (table) => {
    table.word('name').primary();
    table.word('who');
    table.time('since');
    table.text('why', { nullable: true });
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'settings');
