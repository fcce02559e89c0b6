import { Ajv, type ErrorObject, type SchemaObject } from 'ajv';
import * as formats from 'ajv-formats';
import { fieldOf, sentenceOf } from '../../common/schema-problem.js';
import { malformed, type Refusal } from '../errors.js';

// verbose: errors know the examples of what they are about.
const ajv = new Ajv({ allowUnionTypes: true, strictTypes: false, strictRequired: false, verbose: true });
formats.default.default(ajv, ['uri']);

/** A check of one resource's shape. Its argument comes back typed. @throws Refusal 400 naming the field */
export function shapeOf<T>(schema: SchemaObject): (value: unknown) => T {
  const validate = ajv.compile<T>(schema);
  return (value) => {
    if (validate(value)) return value;
    throw refusalOf(validate.errors?.[0], value);
  };
}

function refusalOf(error: ErrorObject | undefined, value: unknown): Refusal {
  if (error === undefined) return malformed(null, 'The body is not well-formed.');
  const field = fieldOf(error, value);
  return malformed(field === '' ? null : field, `${field === '' ? 'The body' : field} ${sentenceOf(error)}.`);
}
