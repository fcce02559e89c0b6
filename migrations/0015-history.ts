import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'history', (table) => {
    table.id('history_id');
    table.text36('session_id').index();
    table.int('seq', { nullable: true });
    table.time('at');
    table.word('who');
    table.word('what');
    table.json('details');
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'history');
