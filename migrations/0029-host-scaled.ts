import type { Knex } from 'knex';
import { addColumns, dropColumn } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  addColumns(knex, 'session_hosts', (table) => {
    table.word('scaled', { nullable: true });
  });

export const down = (knex: Knex): Promise<void> => dropColumn(knex, 'session_hosts', 'scaled');
