import type { Knex } from 'knex';
import { addColumns, dropColumn } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  addColumns(knex, 'sessions', (table) => {
    table.json('downloads', { nullable: true });
  });

export const down = (knex: Knex): Promise<void> => dropColumn(knex, 'sessions', 'downloads');
