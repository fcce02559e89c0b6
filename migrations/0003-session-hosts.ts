import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'session_hosts', (table) => {
    table.text36('session_id');
    table.name('hostname');
    table.word('type');
    table.bool('is_compute');
    table.word('state');
    table.bool('maintained');
    table.bool('disabled');
    table.bool('disabled_before');
    table.json('blocked', { nullable: true });
    table.text('excluded', { nullable: true });
    table.json('lost', { nullable: true });
    table.json('question', { nullable: true });
    table.primary(['session_id', 'hostname']);
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'session_hosts');
