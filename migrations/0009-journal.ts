import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'journal', (table) => {
    table.text36('session_id');
    table.word('kind');
    table.name('subject');
    table.name('host', { nullable: true }).index();
    table.name('action');
    table.int('attempt');
    table.word('state');
    table.json('intent');
    table.json('outcome', { nullable: true });
    table.int('timeout_s');
    table.int('runs');
    table.time('begun_at');
    table.time('ended_at', { nullable: true });
    table.primary(['session_id', 'subject', 'action', 'attempt']);
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'journal');
