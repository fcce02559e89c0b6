import type { Knex } from 'knex';
import { addColumns, dropColumn } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  addColumns(knex, 'notices', (table) => {
    table.int('deferred_s').defaultTo(0);
  });

export const down = (knex: Knex): Promise<void> => dropColumn(knex, 'notices', 'deferred_s');
