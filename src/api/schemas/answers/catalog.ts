import { ACTION_TYPES } from '../../../model/index.js';
import { ANY_OBJECT, FLAG, listOf, object, orNull, TEXT, TIME } from './object.js';

const KIND = { type: 'string', enum: ['workflow', 'action', 'instance-action'] };
const PLUGIN = { name: TEXT, version: TEXT, digest: TEXT, description: orNull(TEXT), source: orNull(TEXT) };

export const WORKFLOWS = object({ workflows: listOf(object(PLUGIN)) });

export const ACTIONS = object({
  actions: listOf(
    object({
      ...PLUGIN,
      types: {
        type: ['array', 'null'],
        items: { type: 'string', enum: ACTION_TYPES },
        description: 'Types it serves; null = all',
      },
      metadata_schema: { ...ANY_OBJECT, description: 'JSON schema of its metadata' },
    }),
  ),
});

export const ENGINES = object({
  engines: listOf(
    object({
      engine_id: TEXT,
      host: TEXT,
      version: TEXT,
      alive: FLAG,
      started_at: TIME,
      seen_at: TIME,
      plugins: listOf(object({ kind: KIND, name: TEXT, version: TEXT, digest: TEXT })),
    }),
  ),
});
