import type { Knex } from 'knex';
import { addColumns, dropColumns } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  addColumns(knex, 'engines', (table) => {
    table.time('lease_until', { nullable: true });
    table.bool('leaving').defaultTo(0);
  });

export const down = (knex: Knex): Promise<void> => dropColumns(knex, 'engines', ['lease_until', 'leaving']);
