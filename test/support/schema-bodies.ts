import { Ajv2020 } from 'ajv/dist/2020.js';
import * as formats from 'ajv-formats';
import fc from 'fast-check';

export interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly maxProperties?: number;
  readonly allOf?: readonly Schema[];
  readonly if?: unknown;
}

/** What a schema cannot say, by the path of what it is about, as in `actions[].plugin`. */
export type Overrides = Readonly<Record<string, fc.Arbitrary<unknown>>>;

/** A body with one thing wrong, and the field that is to be named for it. */
export interface Mutation {
  readonly field: string;
  readonly body: unknown;
}

const MOST = 2 ** 31 - 1;
const ajv = new Ajv2020({ strict: false });
formats.default.default(ajv, ['uuid', 'uri']);

/** Bodies that a schema allows. */
export function bodiesOf(schema: Schema, overrides: Overrides): fc.Arbitrary<unknown> {
  const validate = ajv.compile(schema);
  return arbitraryOf(schema, '', overrides).filter((body) => validate(body) === true);
}

/** With what all its parts say, but for those that depend on something. */
function flat({ allOf = [], ...schema }: Schema): Schema {
  return Object.assign({}, schema, ...allOf.filter((part) => part.if === undefined));
}

function arbitraryOf(compound: Schema, path: string, overrides: Overrides): fc.Arbitrary<unknown> {
  const schema = flat(compound);
  const given = overrides[path];
  if (given !== undefined) return given;
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  return fc.oneof(...typesOf(schema).map((type) => ofType(type, schema, path, overrides)));
}

function ofType(type: string, schema: Schema, path: string, overrides: Overrides): fc.Arbitrary<unknown> {
  const { minimum: min = 0, maximum: max = MOST } = schema;
  switch (type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer({ min, max });
    case 'number':
      return fc.double({ min, max, noNaN: true });
    case 'string':
      return textOf(schema);
    case 'array':
      return fc.array(arbitraryOf(schema.items ?? {}, `${path}[]`, overrides), {
        minLength: schema.minItems ?? 0,
        maxLength: 3,
      });
    default:
      return objectOf(schema, path, overrides);
  }
}

function textOf({ examples, pattern, minLength = 0, maxLength = 20 }: Schema): fc.Arbitrary<unknown> {
  if (examples !== undefined) return fc.constantFrom(...examples);
  if (pattern !== undefined) throw new Error(`${pattern} has no examples`);
  return fc.string({ minLength, maxLength: Math.min(maxLength, 20) });
}

function objectOf(schema: Schema, path: string, overrides: Overrides): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties: others, maxProperties } = schema;
  const below = (key: string) => (path === '' ? key : `${path}.${key}`);
  const fields = Object.fromEntries(
    Object.entries(properties).map(([key, inner]) => [key, arbitraryOf(inner, below(key), overrides)]),
  );
  if (maxProperties === 1)
    return fc.oneof(...Object.entries(fields).map(([key, value]) => fc.record({ [key]: value })));
  if (typeof others === 'object') {
    return fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), arbitraryOf(others, below('*'), overrides), {
      maxKeys: 2,
    });
  }
  return fc.record(fields, { requiredKeys: [...required] });
}

function typesOf({ type = 'string' }: Schema): readonly string[] {
  return [type].flat();
}

/** Every way in which a body that the schema allows can have one thing wrong that the schema forbids. */
export function mutationsOf(compound: Schema, body: unknown, field = ''): Mutation[] {
  const schema = flat(compound);
  const here = (wrong: unknown): Mutation => ({ field, body: wrong });
  return [
    ...(field === '' ? [] : wrongScalars(schema).map(here)),
    ...(Array.isArray(body) ? wrongItems(schema, body, field) : wrongFields(schema, body, field)),
  ];
}

function wrongScalars(schema: Schema): unknown[] {
  const types = typesOf(schema);
  const may = (type: string) => types.includes(type);
  const wrong: unknown[] = [may('object') ? 7 : { odd: 'type' }];
  if (schema.enum !== undefined) return [...wrong, 'NOT_A_WORD'];
  if (may('string')) {
    if (schema.maxLength !== undefined) wrong.push('x'.repeat(schema.maxLength + 1));
    if (schema.minLength !== undefined) wrong.push('');
    if (schema.pattern !== undefined) wrong.push('\u0000 bad');
  }
  if (may('integer')) wrong.push(1.5);
  if (may('integer') || may('number')) {
    if (schema.minimum !== undefined) wrong.push(schema.minimum - 1);
    if (schema.maximum !== undefined) wrong.push(schema.maximum + 1);
  }
  if (may('array') && (schema.minItems ?? 0) > 0) wrong.push([]);
  return wrong;
}

function wrongItems({ items = {} }: Schema, list: readonly unknown[], field: string): Mutation[] {
  return list.flatMap((item, i) =>
    mutationsOf(items, item, `${field}[${i}]`).map((wrong) => ({ ...wrong, body: list.with(i, wrong.body) })),
  );
}

function wrongFields(schema: Schema, body: unknown, field: string): Mutation[] {
  if (typeof body !== 'object' || body === null) return [];
  const { properties = {}, required = [], additionalProperties: others } = schema;
  const below = (key: string) => (field === '' ? key : `${field}.${key}`);
  const without = (gone: string) => Object.fromEntries(Object.entries(body).filter(([key]) => key !== gone));
  return [
    ...required.map((key) => ({ field: below(key), body: without(key) })),
    ...(others === false ? [{ field: below('unheard_of'), body: { ...body, unheard_of: 1 } }] : []),
    ...Object.entries(body).flatMap(([key, value]) => {
      const inner = properties[key] ?? (typeof others === 'object' ? others : undefined);
      const wrong = inner === undefined ? [] : mutationsOf(inner, value, below(key));
      return wrong.map((one) => ({ ...one, body: { ...body, [key]: one.body } }));
    }),
  ];
}
