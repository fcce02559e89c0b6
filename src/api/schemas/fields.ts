import type { SchemaObject } from 'ajv';
import type { SizedLimit } from '../../model/index.js';
import { DURATION_FORM } from './duration.js';
import type { TolerantFields } from './tolerant-fields.js';

/**
 * A key of a constraint: what the contract asks for, as a JSON schema, and how it is read, with more tolerance (v1 §1.3
 * j). Both are made of the same limits.
 */
export interface Field<T> {
  readonly schema: SchemaObject;
  /** Null = not given. @throws Refusal 400 naming the field */
  read(fields: TolerantFields, key: string): T | null;
}

type Fields = Readonly<Record<string, Field<unknown>>>;
type Values<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T | null : never };

/** Every declared key's value. @throws Refusal 400 naming the field */
export function readAll<F extends Fields>(fields: TolerantFields, declared: F): Values<F> {
  return Object.fromEntries(
    Object.entries(declared).map(([key, field]) => [key, field.read(fields, key)]),
  ) as Values<F>;
}

/** Of an object with these keys; others are ignored. */
export function schemaOf(declared: Fields): SchemaObject {
  const properties = Object.fromEntries(Object.entries(declared).map(([key, { schema }]) => [key, schema]));
  return { type: 'object', properties };
}

/** @param most characters */
export function text(most: number, description: string): Field<string> {
  return {
    schema: { type: ['string', 'null'], maxLength: most, pattern: '^\\P{Cc}*$', examples: ['a'], description },
    read: (fields, key) => fields.text(key, most),
  };
}

export function integer(minimum: number, maximum: number, description: string): Field<number> {
  return {
    schema: { type: ['integer', 'null'], minimum, maximum, description },
    read: (fields, key) => fields.integer(key, minimum, maximum),
  };
}

export function flag(description: string): Field<boolean> {
  return { schema: { type: ['boolean', 'null'], description }, read: (fields, key) => fields.flag(key) };
}

/** @param meanings every word that is understood, with what it means */
export function choice<T extends string>(meanings: Readonly<Record<string, T>>, description: string): Field<T> {
  return {
    schema: { type: ['string', 'null'], enum: [...Object.keys(meanings), null], description },
    read: (fields, key) => fields.choice(key, meanings),
  };
}

/** A list of such words. */
export function choices<T extends string>(
  meanings: Readonly<Record<string, T>>,
  { least, description }: { readonly least: 0 | 1; readonly description: string },
): Field<T[]> {
  return {
    schema: {
      type: ['array', 'null'],
      minItems: least,
      items: { type: 'string', enum: Object.keys(meanings) },
      description,
    },
    read: (fields, key) => {
      const words = fields.choices(key, meanings);
      if (words !== null && words.length < least) throw fields.refuse(key, 'must not be empty');
      return words;
    },
  };
}

/** Seconds, with fractions. */
export function duration(maximum: number, description: string): Field<number> {
  return {
    schema: {
      type: ['number', 'string', 'null'],
      minimum: 0,
      maximum,
      pattern: DURATION_FORM,
      examples: ['30 s', '500 ms'],
      description: `${description}; seconds, or text with a unit of TOSCA's`,
    },
    read: (fields, key) => fields.duration(key, maximum),
  };
}

/** One of ETSI's tables of `{group_size?, <key>}`; two rows of one size would contradict each other. */
export function sizedLimits(key: string, most: number, description: string): Field<SizedLimit[]> {
  const size = integer(1, most, 'For groups of this size; absent: of any other');
  const limit = { type: 'integer', minimum: 0, maximum: most };
  const row = { type: 'object', required: [key], properties: { group_size: size.schema, [key]: limit } };
  return {
    schema: { type: ['array', 'null'], items: row, description },
    read: (fields) => {
      const sizes = new Set<number | null>();
      const table = fields.rows(key)?.map((row) => {
        const groupSize = size.read(row, 'group_size');
        const value = row.integer(key, 0, most);
        if (value === null) throw row.refuse(key, 'is missing');
        if (sizes.has(groupSize)) throw row.refuse('group_size', 'is there twice');
        sizes.add(groupSize);
        return { groupSize, value };
      });
      return table ?? null;
    },
  };
}
