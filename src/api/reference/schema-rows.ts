import type { Schema } from './described.js';

/** One line of a table of keys. */
export interface Row {
  /** From the body's top, as in `actions[].plugin`. */
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  readonly about: string;
}

/** Objects with at least so many keys are written out once, and referred to after that. */
const WORTH_REFERRING = 3;
/** What the database holds anyway is no limit that anybody meets. */
const LARGEST = 2 ** 31 - 1;

/** Turns schemas into rows; what it has written out of one schema it refers to in those that come later. */
export class SchemaRows {
  /** Where an object was written out, by its schema as text. */
  private readonly known = new Map<string, string>();

  /** The rows of everything below the schema called `name`. */
  of(name: string, schema: Schema): Row[] {
    return this.below(name, schema, '');
  }

  private below(name: string, schema: Schema, prefix: string): Row[] {
    const { properties, required, additional } = merged(schema);
    const rows = Object.entries(properties).flatMap(([key, property]) =>
      this.row(name, `${prefix}${key}`, property, required.includes(key)),
    );
    if (additional === undefined || typeof additional === 'boolean') return rows;
    return [...rows, ...this.row(name, `${prefix}*`, additional, false)];
  }

  private row(name: string, path: string, schema: Schema, required: boolean): Row[] {
    const items = merged(schema).items;
    const inner = items ?? schema;
    const row = { path, required, type: typeOf(schema), about: aboutOf(schema) ?? '' };
    const text = JSON.stringify(inner.properties ?? {});
    const seen = this.known.get(text);
    if (seen !== undefined) return [{ ...row, about: [row.about, `as ${seen}`].filter(Boolean).join('; ') }];
    if (Object.keys(inner.properties ?? {}).length >= WORTH_REFERRING)
      this.known.set(text, `\`${path}\` of [${name}](#${name.toLowerCase()})`);
    return [row, ...this.below(name, inner, items === undefined ? `${path}.` : `${path}[].`)];
  }
}

function aboutOf({ description, examples, items }: Schema): string | undefined {
  if (description !== undefined) return description;
  return examples === undefined ? items && aboutOf(items) : `e.g. \`${examples[0]}\``;
}

/** What a schema says of an object, with what it says by `allOf`. */
function merged(schema: Schema) {
  const parts = [schema, ...(schema.allOf ?? [])];
  const properties: Record<string, Schema> = Object.assign({}, ...parts.map((part) => part.properties ?? {}));
  const required = parts.flatMap((part) => part.required ?? []);
  const additional = parts.find((part) => part.additionalProperties !== undefined)?.additionalProperties;
  return { properties, required, additional, items: schema.items };
}

/** A schema's type with its limits, for people. */
export function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.replace(/.*\//, '');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return choices.map(typeOf).join(' or ');
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined)
    return schema.enum.map((value) => (value === null ? 'null' : `\`${value}\``)).join(' ');
  const { items } = schema;
  const types = [schema.type ?? 'anything'].flat().map((type) => (type === 'array' && items ? listOf(items) : type));
  return [types.join(' or '), ...limitsOf(schema)].join(', ');
}

/** What is written out below as `key[]` needs no more words. */
function listOf(items: Schema): string {
  return items.properties === undefined ? `list of ${typeOf(items)}` : 'list of objects';
}

function limitsOf({ format, minimum, maximum, minLength, maxLength, maxItems }: Schema): string[] {
  const limits = [
    format,
    minimum !== undefined && Math.abs(minimum) < LARGEST && `≥ ${minimum}`,
    maximum !== undefined && maximum < LARGEST && `≤ ${maximum}`,
    minLength !== undefined && minLength > 1 && `≥ ${minLength} characters`,
    maxLength !== undefined && `≤ ${maxLength} characters`,
    maxItems !== undefined && `≤ ${maxItems} items`,
  ];
  return limits.filter((limit): limit is string => typeof limit === 'string');
}
