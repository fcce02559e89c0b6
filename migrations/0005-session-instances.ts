import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'session_instances', (table) => {
    table.text36('session_id');
    table.text36('instance_id');
    table.name('instance_name');
    table.word('project_id');
    table.name('group_id');
    table.name('host');
    table.word('state');
    table.word('project_state', { nullable: true });
    table.word('action', { nullable: true });
    table.bool('action_done');
    table.primary(['session_id', 'instance_id']);
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'session_instances');
