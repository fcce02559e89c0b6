import type { Knex } from 'knex';
import { addColumns, dropColumns } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  addColumns(knex, 'plugin_runs', (table) => {
    table.json('output', { nullable: true });
    table.json('facts', { nullable: true });
  });

export const down = (knex: Knex): Promise<void> => dropColumns(knex, 'plugin_runs', ['output', 'facts']);
