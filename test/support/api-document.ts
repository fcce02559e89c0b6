import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import * as formats from 'ajv-formats';
import { openApiDocument } from '../../src/api/index.js';

type Json = Readonly<Record<string, unknown>>;

/** The OpenAPI document, as far as tests read it; references are followed by {@link resolved}. */
export interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>>; readonly parameters: Json };
}

export interface DescribedOperation {
  readonly operationId: string;
  readonly parameters: readonly Json[];
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Json } } };
  readonly responses: Readonly<Record<string, Json>>;
}

export const DOCUMENT = openApiDocument('/') as Described;

/** One request to the API and its answer, as they went over the wire. */
export interface Exchange {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders | OutgoingHttpHeaders;
  readonly text: string;
}

/** The same with every reference replaced by what it refers to. */
export function resolved(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolved);
  if (typeof value !== 'object' || value === null) return value;
  const { $ref } = value as { $ref?: unknown };
  if (typeof $ref === 'string') {
    const steps = $ref.slice(2).split('/');
    return resolved(steps.reduce<unknown>((at, step) => (at as Json)[step], DOCUMENT));
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolved(item)]));
}

/** With no keys but those that are described: clients bear others, but here each must be told. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, closed(item)] as const);
  const schema = Object.fromEntries(entries);
  const isObject = 'properties' in schema && 'type' in schema && !('additionalProperties' in schema);
  return isObject ? { ...schema, additionalProperties: false } : schema;
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default.default(ajv, ['uuid', 'uri']);
const validators = new Map<string, ValidateFunction>();

/** Templates with the fewest parameters first, as they are routed. */
const TEMPLATES = Object.keys(DOCUMENT.paths)
  .sort((one, other) => one.split('{').length - other.split('{').length)
  .map((template) => ({ template, pattern: new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`) }));

/** The described path that a request's target belongs to. */
export function templateOf(target: string): string | undefined {
  const path = `/${target.split('?', 1)[0]}`.replaceAll(/\/{2,}/g, '/').replace(/(.)\/$/, '$1');
  return TEMPLATES.find(({ pattern }) => pattern.test(path))?.template;
}

/** What is wrong with an answer by the document, and that it is a 500; undefined = nothing. */
export function faultOf(exchange: Exchange): string | undefined {
  const { method, target, status, text } = exchange;
  const fault = status === 500 ? 'a 500' : undescribed(exchange);
  return fault && `${method} ${target} answered ${status}, ${fault}: ${text.slice(0, 500)}`;
}

function undescribed(exchange: Exchange): string | undefined {
  const { method, status, headers } = exchange;
  const template = templateOf(exchange.target);
  const item = template === undefined ? undefined : DOCUMENT.paths[template];
  const operation = item?.[method === 'HEAD' ? 'get' : method.toLowerCase()];
  // A preflight is the browser's and has no operation.
  if (method === 'OPTIONS' && headers['access-control-allow-methods'] !== undefined) return undefined;
  if (operation === undefined) {
    // Words that are reserved but not served look like projects; a path that cannot be decoded like any.
    const expected = item === undefined ? [400, 401, 404, 406] : [400, 401, 404, 405, 406];
    if (!expected.includes(status)) return 'which no operation may';
    return bodyFault(exchange, 'Error', DOCUMENT.components.schemas.Error as Json);
  }
  const response = operation.responses[status];
  if (response === undefined) return 'which is not described';
  return responseFault(exchange, `${operation.operationId} ${status}`, resolved(response) as Json);
}

function responseFault(exchange: Exchange, name: string, response: Json): string | undefined {
  const described = Object.entries((response.headers ?? {}) as Record<string, { required?: boolean }>);
  const missing = described.find(
    ([header, { required }]) => required && exchange.headers[header.toLowerCase()] === undefined,
  );
  if (missing !== undefined) return `without ${missing[0]}`;
  const content = (response.content ?? {}) as Record<string, { schema: Json }>;
  const type = String(exchange.headers['content-type'] ?? '').split(';', 1)[0] as string;
  if (exchange.method === 'HEAD' || exchange.status === 304) return undefined;
  if (content[type] === undefined) return `with content of the undescribed type ${type}`;
  return type === 'application/json' ? bodyFault(exchange, name, content[type].schema) : undefined;
}

function bodyFault({ method, text }: Exchange, name: string, schema: Json): string | undefined {
  if (method === 'HEAD') return undefined;
  let validate = validators.get(name);
  if (validate === undefined) {
    validate = ajv.compile(closed(schema) as Json);
    validators.set(name, validate);
  }
  try {
    return validate(JSON.parse(text)) ? undefined : `unlike ${name}: ${ajv.errorsText(validate.errors)}`;
  } catch {
    return 'which is not JSON';
  }
}
