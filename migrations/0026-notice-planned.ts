import type { Knex } from 'knex';
import { addColumns, dropColumn } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  addColumns(knex, 'notices', (table) => {
    table.json('planned', { nullable: true });
  });

export const down = (knex: Knex): Promise<void> => dropColumn(knex, 'notices', 'planned');
