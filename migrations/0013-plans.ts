import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'plans', (table) => {
    table.text36('session_id');
    table.int('seq');
    table.time('at');
    table.name('subject');
    table.json('snapshot');
    table.json('result');
    table.primary(['session_id', 'seq']);
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'plans');
