import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { FenixError, messageOf } from './errors.js';
import { thereAre } from './near-names.js';

export interface SchemaProblem {
  /** The path of what is wrong, as in `actions[0].type`; empty: the value itself. */
  readonly field: string;
  /** The end of a sentence that begins with the field. */
  readonly sentence: string;
}

const MAX_COMPILED = 200;
/** By the schema's text: plug-ins are read from the database for each request. */
const compiled = new Map<string, ValidateFunction>();

/**
 * The first thing that is wrong with a value by a JSON schema.
 * @throws FenixError `schema-invalid` when the schema itself is none
 */
export function schemaProblem(schema: Readonly<Record<string, unknown>>, value: unknown): SchemaProblem | undefined {
  const validate = validatorOf(schema);
  const error = validate(value) ? undefined : validate.errors?.[0];
  return error && { field: fieldOf(error, value), sentence: sentenceOf(error) };
}

function validatorOf(schema: Readonly<Record<string, unknown>>): ValidateFunction {
  const text = JSON.stringify(schema);
  const known = compiled.get(text);
  if (known !== undefined) return known;
  if (compiled.size >= MAX_COMPILED) compiled.clear();
  try {
    // An Ajv of its own: one for all would keep every schema it ever saw. verbose: errors know the schema they are of.
    const validate = new Ajv({ strict: false, validateFormats: false, verbose: true }).compile(schema);
    compiled.set(text, validate);
    return validate;
  } catch (error) {
    throw new FenixError('terminal', 'schema-invalid', messageOf(error), { cause: error });
  }
}

/**
 * The path of what is wrong, as in `actions[0].type`; of a missing or unknown key its own.
 * @param value the whole that was looked at: keys of objects may be numbers as well
 */
export function fieldOf({ instancePath, params }: ErrorObject, value: unknown): string {
  const steps = instancePath.split('/').slice(1).map(unescapePointer);
  const key: unknown = params.additionalProperty ?? params.missingProperty ?? params.propertyName;
  if (typeof key === 'string') steps.push(key);
  let path = '';
  let inner = value;
  for (const step of steps) {
    path += Array.isArray(inner) ? `[${step}]` : `${path && '.'}${step}`;
    inner = typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[step] : undefined;
  }
  return path;
}

export function sentenceOf({ keyword, message, params, parentSchema }: ErrorObject): string {
  if (keyword === 'additionalProperties') {
    return `is not known here; ${thereAre(params.additionalProperty, Object.keys(parentSchema?.properties ?? {}))}`;
  }
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
