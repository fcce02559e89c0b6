import {
  ACTION_TYPES,
  type ActionType,
  type SessionLimits,
  type SessionPolicy,
  type SessionScope,
} from '../../model/index.js';
import { LIMITS, POLICY, SCOPE } from './maintenance-options.js';
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

/** No control characters, no blanks at the ends: databases may compare without the latter. */
const PRINTABLE = '^(?!\\s)[^\\u0000-\\u001f\\u007f]*(?<!\\s)$';
export const NAME = { type: 'string', minLength: 1, maxLength: 255, pattern: PRINTABLE };
export const HOSTS = { type: 'array', items: NAME };
const ORDER = { type: 'integer', minimum: -(2 ** 31), maximum: 2 ** 31 - 1 };

export const maintenanceShape = shapeOf<MaintenanceBody>({
  type: 'object',
  additionalProperties: false,
  required: ['maintenance_at'],
  properties: {
    state: { type: 'string', enum: ['MAINTENANCE'] },
    maintenance_at: { type: 'string', maxLength: 64 },
    workflow: { type: 'string', pattern: '^[a-z][a-z0-9_]{0,63}$' },
    hosts: HOSTS,
    scope: SCOPE(NAME),
    metadata: { type: 'object' },
    actions: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['plugin', 'type'],
        properties: {
          plugin: { type: 'string', minLength: 1, maxLength: 255 },
          type: { type: 'string', enum: ACTION_TYPES },
          metadata: { type: 'object' },
          name: NAME,
          order: ORDER,
        },
      },
    },
    download: { type: 'array', items: { type: 'string', maxLength: 2048, format: 'uri' } },
    limits: LIMITS,
    policy: POLICY,
  },
});
