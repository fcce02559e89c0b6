import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'constraint_changes', (table) => {
    table.id('change_id');
    table.word('kind');
    table.name('object_id').index();
    table.word('project_id', { nullable: true });
    table.time('at').index();
    table.word('who');
    table.word('what');
    table.json('details');
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'constraint_changes');
