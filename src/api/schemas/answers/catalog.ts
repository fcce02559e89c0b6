import { ACTION_TYPES } from '../../../model/index.js';
import { ANY_OBJECT, FLAG, listOf, object, orNull, TEXT, TIME } from './object.js';

const KIND = { type: 'string', enum: ['workflow', 'action', 'instance-action'] };
const PLUGIN = {
  name: TEXT,
  version: TEXT,
  digest: TEXT,
  contract: { type: 'integer', description: 'Version of the contract that it was written for' },
  description: orNull(TEXT),
  source: orNull(TEXT),
};
const RETRY = object({
  attempts: { type: 'integer', description: 'Tries in all' },
  wait_s: { type: 'number', description: 'Seconds between two of them' },
});

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
      timeout_s: { type: ['number', 'null'], description: "Seconds that a run may take; null = the engine's default" },
      retry: { ...orNull(RETRY), description: "Of a failed run; null = the engine's default" },
      methods: {
        type: ['array', 'null'],
        items: { type: 'string', enum: ['run', 'check', 'probe', 'verify', 'undo', 'release'] },
        description: 'What it can be asked for; null where an older engine registered it',
      },
      isolated: { ...FLAG, description: 'Each run has a process of its own' },
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
      broken_plugins: listOf(
        object({
          source: TEXT,
          file: { type: ['string', 'null'], description: 'Null when the entry of plugin_path leads nowhere' },
          reason: TEXT,
        }),
      ),
    }),
  ),
});
