import { COUNT, FLAG, listOf, object, TEXT, TIME } from './object.js';

const VERSION = object({
  id: TEXT,
  status: { type: 'string', enum: ['CURRENT'] },
  links: listOf(object({ rel: TEXT, href: TEXT })),
  min_version: TEXT,
  max_version: TEXT,
  version: TEXT,
});

export const VERSIONS = object({ versions: listOf(VERSION) });
export const ONE_VERSION = object({ version: VERSION });

const CHECK = object({ ok: FLAG });
const KNOWN = listOf(object({ engine_id: TEXT, host: TEXT, version: TEXT, alive: FLAG, seen_at: TIME }));

export const HEALTH = object({
  status: { type: 'string', enum: ['ok', 'degraded', 'error', 'disabled'] },
  checks: object(
    {},
    {
      database: CHECK,
      engines: {
        ...object({ ok: FLAG }, { alive: COUNT, known: KNOWN }),
        description: 'alive and known are told to the same machine and to admins',
      },
      broker: CHECK,
    },
  ),
});

export const ERROR = object(
  {
    error: { type: 'string', description: 'A sentence for people' },
    code: { type: 'string', description: 'A stable word' },
    status: { type: 'integer', description: 'As in the status line' },
    request_id: { type: 'string', description: 'As in x-openstack-request-id' },
  },
  { field: { type: 'string', description: 'What is to be changed, as in hosts[2]' } },
);

/** An OpenAPI document. */
export const OPENAPI = { ...object({ openapi: TEXT }), additionalProperties: true };
