import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'plugin_runs', (table) => {
    table.text36('session_id');
    table.word('type');
    table.name('name');
    table.name('plugin');
    table.name('hostname');
    table.name('state');
    table.int('attempt');
    table.time('started_at');
    table.time('ended_at', { nullable: true });
    table.primary(['session_id', 'type', 'name', 'hostname']);
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'plugin_runs');
