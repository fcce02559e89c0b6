import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'sessions', (table) => {
    table.text36('session_id').primary();
    table.word('state').index();
    table.time('state_since');
    table.word('prev_state', { nullable: true });
    table.word('failed_in', { nullable: true });
    table.word('workflow');
    table.time('maintenance_at');
    table.json('hosts');
    table.json('metadata');
    table.json('actions');
    table.json('scope');
    table.json('limits');
    table.json('policy');
    table.time('paused_at', { nullable: true });
    table.json('aborting', { nullable: true });
    table.json('pending_hosts');
    table.json('reason', { nullable: true });
    table.json('waiting', { nullable: true });
    table.int('percent_done');
    table.word('project_id');
    table.word('user_id');
    table.word('request_id');
    table.json('plugins');
    table.name('owner', { nullable: true });
    table.int('epoch');
    table.time('lease_until', { nullable: true });
    table.int('seq');
    table.bool('closed').index();
    table.time('created_at');
    table.time('updated_at');
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'sessions');
