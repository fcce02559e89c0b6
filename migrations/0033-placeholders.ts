import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'placeholders', (table) => {
    table.text36('session_id');
    table.text36('instance_id');
    table.text36('consumer');
    table.name('host');
    table.int('vcpus');
    table.int('memory_mb');
    table.int('disk_gb');
    table.word('state');
    table.time('since');
    table.primary(['session_id', 'instance_id']);
    table.index(['consumer']);
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'placeholders');
