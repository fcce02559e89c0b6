import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'host_claims', (table) => {
    table.name('hostname').primary();
    table.text36('session_id').index();
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'host_claims');
