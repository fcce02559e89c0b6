import type { Knex } from 'knex';
import { addColumns, dropColumn } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  addColumns(knex, 'replies', (table) => {
    table.int('defer_seconds', { nullable: true });
  });

export const down = (knex: Knex): Promise<void> => dropColumn(knex, 'replies', 'defer_seconds');
