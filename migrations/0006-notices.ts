import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'notices', (table) => {
    table.text36('session_id');
    table.int('notice_id');
    table.word('project_id');
    table.text36('instance_id', { nullable: true });
    table.name('host', { nullable: true });
    table.word('state');
    table.json('allowed_actions');
    table.json('instance_ids');
    table.time('actions_at', { nullable: true });
    table.time('reply_at', { nullable: true });
    table.int('repeats');
    table.time('opened_at');
    table.time('closed_at', { nullable: true });
    table.word('outcome', { nullable: true });
    table.json('actions');
    table.json('question', { nullable: true });
    table.primary(['session_id', 'notice_id']);
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'notices');
