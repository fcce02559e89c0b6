/* Parts of metadata schemas that several actions share. */

/** Texts that may become an argument or a value: anything but a NUL byte. */
const TEXT = { type: 'string', maxLength: 65_536, pattern: '^[^\\u0000]*$' } as const;

export const ARGV = {
  type: 'array',
  minItems: 1,
  maxItems: 256,
  items: TEXT,
} as const;

export const ENV = {
  type: 'object',
  maxProperties: 64,
  propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
  additionalProperties: TEXT,
  description: 'environment variables',
} as const;

export const PATH = { type: 'string', maxLength: 4096, pattern: '^/[^\\u0000]*$' } as const;

export const SECONDS = { type: 'number', minimum: 1, maximum: 86_400 } as const;
