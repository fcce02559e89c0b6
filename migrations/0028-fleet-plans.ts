import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'fleet_plans', (table) => {
    table.text36('session_id');
    table.int('seq');
    table.time('at');
    table.json('packed');
    table.primary(['session_id', 'seq']);
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'fleet_plans');
