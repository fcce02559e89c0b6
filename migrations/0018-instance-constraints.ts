import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'instance_constraints', (table) => {
    table.text36('instance_id');
    table.word('owner_project_id');
    table.bool('by_admin');
    table.word('group_id', { nullable: true });
    table.int('max_interruption_time_s');
    table.json('migration_types');
    table.int('lead_time_s', { nullable: true });
    table.bool('resource_mitigation', { nullable: true });
    table.json('record');
    table.time('updated_at');
    table.primary(['instance_id', 'owner_project_id']);
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'instance_constraints');
