import type { SchemaObject } from 'ajv';
import {
  ACTION_TYPES,
  type ActionType,
  type SessionLimits,
  type SessionPolicy,
  type SessionScope,
} from '../../model/index.js';
import { LIMITS, POLICY, SCOPE } from './maintenance-options.js';
import { HOSTS, NAME } from './name.js';
import { TIME_FORM } from './time.js';
import { shapeOf } from './validator.js';

/** Body of POST /v1/maintenance (v1 §1.2) as it may come. */
export interface MaintenanceBody {
  readonly state?: 'MAINTENANCE';
  readonly maintenance_at: string;
  readonly workflow?: string;
  readonly hosts?: readonly string[];
  readonly scope?: SessionScope;
  readonly metadata?: Record<string, unknown>;
  readonly actions?: readonly ActionBody[];
  readonly download?: readonly string[];
  readonly limits?: SessionLimits;
  readonly policy?: SessionPolicy;
}

export interface ActionBody {
  readonly plugin: string;
  readonly type: ActionType;
  readonly metadata?: Record<string, unknown>;
  readonly name?: string;
  readonly order?: number;
}

const MOST_DOWNLOADS = 16;

const ORDER = { type: 'integer', minimum: -(2 ** 31), maximum: 2 ** 31 - 1 };

/** Body of POST /v1/maintenance. Whether plug-ins are known is looked up, and whether names of actions differ. */
export const MAINTENANCE_BODY: SchemaObject = {
  type: 'object',
  additionalProperties: false,
  required: ['maintenance_at'],
  properties: {
    state: { type: 'string', enum: ['MAINTENANCE'] },
    maintenance_at: {
      type: 'string',
      maxLength: 64,
      pattern: TIME_FORM,
      examples: ['2026-01-31 23:59:59', '2026-01-31T23:59:59.5Z'],
      description: 'UTC, from 1970 to 9998',
    },
    workflow: { type: 'string', pattern: '^[a-z][a-z0-9_]{0,63}$', examples: ['default'], description: 'Of an engine' },
    hosts: { ...HOSTS, description: 'None = all that Nova has' },
    scope: SCOPE(NAME),
    metadata: { type: 'object', description: 'A hint to managers; at most 255 characters as a Python literal' },
    actions: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['plugin', 'type'],
        properties: {
          plugin: { type: 'string', minLength: 1, maxLength: 255, description: 'Of an engine' },
          type: { type: 'string', enum: ACTION_TYPES },
          metadata: { type: 'object', description: "By the plug-in's schema" },
          name: { ...NAME, description: "Differs within its type; default the plug-in's" },
          order: ORDER,
        },
      },
    },
    download: {
      type: 'array',
      maxItems: MOST_DOWNLOADS,
      items: { type: 'string', maxLength: 2048, format: 'uri' },
      description: 'URLs ending in #sha256=…, on hosts that download_allowed_hosts names',
    },
    limits: LIMITS,
    policy: POLICY,
  },
  // What is named needs no discovery that could be narrowed down.
  if: { required: ['hosts'], properties: { hosts: { type: 'array', minItems: 1 } } },
  // biome-ignore lint/suspicious/noThenProperty: the word of JSON schema
  then: { properties: { scope: { maxProperties: 0 } } },
};

export const maintenanceShape = shapeOf<MaintenanceBody>(MAINTENANCE_BODY);
