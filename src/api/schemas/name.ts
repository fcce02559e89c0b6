import type { SchemaObject } from 'ajv';

/** No control characters, no blanks at the ends: databases may compare without the latter. */
const PRINTABLE = '^(?!\\s)[^\\u0000-\\u001f\\u007f]*(?<!\\s)$';

/** Of a host, an aggregate, a zone, an action. */
export const NAME: SchemaObject = {
  type: 'string',
  minLength: 1,
  maxLength: 255,
  pattern: PRINTABLE,
  examples: ['compute-1'],
  description: 'without control characters and blanks at the ends',
};
export const HOSTS: SchemaObject = { type: 'array', items: NAME };
