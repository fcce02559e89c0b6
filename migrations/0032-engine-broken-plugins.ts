import type { Knex } from 'knex';
import { addColumns, dropColumn } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  addColumns(knex, 'engines', (table) => {
    table.json('broken_plugins', { nullable: true });
  });

export const down = (knex: Knex): Promise<void> => dropColumn(knex, 'engines', 'broken_plugins');
