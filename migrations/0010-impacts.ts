import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'impacts', (table) => {
    table.text36('session_id');
    table.text36('instance_id');
    table.int('attempt');
    table.word('project_id');
    table.name('group_id').index();
    table.word('action');
    table.name('source_host');
    table.name('target_host', { nullable: true });
    table.int('vcpus');
    table.int('memory_mb');
    table.int('disk_gb');
    table.time('started_at');
    table.time('ended_at', { nullable: true });
    table.time('recovered_at', { nullable: true }).index();
    table.primary(['session_id', 'instance_id', 'attempt']);
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'impacts');
