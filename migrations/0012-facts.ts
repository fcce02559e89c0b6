import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'facts', (table) => {
    table.text36('session_id');
    table.text36('instance_id');
    table.name('host');
    table.word('code');
    table.text('message');
    table.time('at');
    table.primary(['session_id', 'instance_id', 'host']);
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'facts');
