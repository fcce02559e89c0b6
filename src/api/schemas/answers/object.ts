import type { SchemaObject } from 'ajv';

/** An object of an answer: all keys are there, but for the optional ones. Clients must bear others (v1). */
export function object(
  properties: Readonly<Record<string, SchemaObject>>,
  optional: Readonly<Record<string, SchemaObject>> = {},
): SchemaObject {
  return { type: 'object', required: Object.keys(properties), properties: { ...properties, ...optional } };
}

export const listOf = (items: SchemaObject): SchemaObject => ({ type: 'array', items });

/** Or null. */
export const orNull = ({ type, ...schema }: SchemaObject): SchemaObject => ({ ...schema, type: [type, 'null'] });

export const TEXT = { type: 'string' };
export const FLAG = { type: 'boolean' };
export const COUNT = { type: 'integer', minimum: 0 };
export const ANY_OBJECT = { type: 'object', additionalProperties: true };
export const UUID = { type: 'string', format: 'uuid' };
/** How the API gives times; UTC. */
export const TIME = {
  type: 'string',
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}$',
  examples: ['2026-01-31T23:59:59'],
  description: 'UTC',
};
