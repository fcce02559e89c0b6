import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'replies', (table) => {
    table.id('reply_id');
    table.text36('session_id');
    table.word('project_id');
    table.text36('instance_id', { nullable: true });
    table.word('state');
    table.json('instance_actions');
    table.word('instance_action', { nullable: true });
    table.word('user_id');
    table.word('request_id');
    table.time('received_at');
    table.time('handled_at', { nullable: true });
    table.index(['session_id', 'handled_at']);
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'replies');
