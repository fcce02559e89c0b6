import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'session_projects', (table) => {
    table.text36('session_id');
    table.word('project_id');
    table.word('state');
    table.bool('scaled_in');
    table.time('notified_at', { nullable: true });
    table.time('reply_at', { nullable: true });
    table.int('replies');
    table.int('rounds');
    table.primary(['session_id', 'project_id']);
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'session_projects');
