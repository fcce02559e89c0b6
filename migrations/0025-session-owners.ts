import type { Knex } from 'knex';

export const up = (knex: Knex): Promise<void> =>
  knex.schema.alterTable('sessions', (table) => {
    table.index(['owner']);
  });

export const down = (knex: Knex): Promise<void> =>
  knex.schema.alterTable('sessions', (table) => {
    table.dropIndex(['owner']);
  });
