import type { Knex } from 'knex';
import { createTable, dropTable } from '../src/db/schema.js';

export const up = (knex: Knex): Promise<void> =>
  createTable(knex, 'outbox', (table) => {
    table.id('outbox_id');
    table.text36('session_id');
    table.int('seq');
    table.text36('message_id');
    table.word('event_type');
    table.json('payload');
    table.bool('once');
    table.time('created_at');
    table.int('attempts');
    table.time('published_at', { nullable: true });
    table.text('error', { nullable: true });
    table.index(['session_id', 'published_at']);
  });

export const down = (knex: Knex): Promise<void> => dropTable(knex, 'outbox');
