import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'group_constraints', (table) => {
    table.word('group_id');
    table.word('owner_project_id');
    table.bool('by_admin');
    table.bool('anti_affinity');
    table.int('max_instances_per_host');
    table.int('max_impacted_members');
    table.json('max_impacted_table');
    table.json('min_preserved_table');
    table.int('recovery_time_s');
    table.int('lead_time_s', { nullable: true });
    table.bool('resource_mitigation');
    table.json('notify_states');
    table.json('record');
    table.time('updated_at');
    table.primary(['group_id', 'owner_project_id']);
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'group_constraints');
