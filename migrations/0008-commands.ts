import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'commands', (table) => {
    table.id('command_id');
    table.text36('session_id');
    table.word('kind');
    table.json('args');
    table.word('user_id');
    table.word('request_id');
    table.time('received_at');
    table.time('handled_at', { nullable: true });
    table.index(['session_id', 'kind']);
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'commands');
