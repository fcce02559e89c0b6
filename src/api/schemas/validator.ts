import { Ajv, type ErrorObject, type SchemaObject } from 'ajv';
import * as formats from 'ajv-formats';
import { malformed, type Refusal } from '../errors.js';

// verbose: errors know the examples of what they are about.
const ajv = new Ajv({ allowUnionTypes: true, strictTypes: false, strictRequired: false, verbose: true });
formats.default.default(ajv, ['uri']);

/** A check of one resource's shape. Its argument comes back typed. @throws Refusal 400 naming the field */
export function shapeOf<T>(schema: SchemaObject): (value: unknown) => T {
  const validate = ajv.compile<T>(schema);
  return (value) => {
    if (validate(value)) return value;
    throw refusalOf(validate.errors?.[0]);
  };
}

function refusalOf(error: ErrorObject | undefined): Refusal {
  if (error === undefined) return malformed(null, 'The body is not well-formed.');
  const field = fieldOf(error);
  return malformed(field === '' ? null : field, `${field === '' ? 'The body' : field} ${sentenceOf(error)}.`);
}

/** The path of what is wrong, as in `actions[0].type`; of a missing or unknown key its own. */
export function fieldOf({ instancePath, params }: ErrorObject): string {
  const steps = instancePath.split('/').slice(1).map(unescapePointer);
  const key: unknown = params.additionalProperty ?? params.missingProperty ?? params.propertyName;
  if (typeof key === 'string') steps.push(key);
  return steps.reduce((path, step) => `${path}${/^\d+$/.test(step) ? `[${step}]` : `${path && '.'}${step}`}`, '');
}

export function sentenceOf({ keyword, message, params, parentSchema }: ErrorObject): string {
  if (keyword === 'additionalProperties') return 'is not known here';
  if (keyword === 'required') return 'is missing';
  if (keyword === 'enum') return `must be one of ${params.allowedValues.filter(Boolean).join(', ')}`;
  if (keyword === 'false schema' || (keyword === 'maxProperties' && params.limit === 0))
    return 'does not go with what else is there';
  if (keyword === 'minProperties') return 'must not be empty';
  if (keyword === 'maxProperties') return `must have ${params.limit} key only`;
  const { examples, description } = parentSchema ?? {};
  if (keyword === 'pattern' && Array.isArray(examples)) {
    return `must be like ${examples.join(' or ')}${description === undefined ? '' : ` (${description})`}`;
  }
  return message ?? 'is not valid';
}

function unescapePointer(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}
