import type { SchemaObject } from 'ajv';
import type { RuleName } from '../policies/index.js';
import type { LimitKind } from '../rate-limits.js';
import type { SchemaName } from '../schemas/index.js';

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** A method on a path: what is the same for routing, rights and documentation. */
export interface Operation {
  readonly method: Method;
  /** Below `/v1`, parameters as in `{session_id}`. */
  readonly path: string;
  /** Who may: a rule of the policy. */
  readonly rule: RuleName;
  /** Counted against this limit of the project. */
  readonly limit?: LimitKind;
  /** One sentence for people. */
  readonly about: string;
  /** Parameters of the query, by name. */
  readonly query?: Readonly<Record<string, QueryParameter>>;
  /** Headers of the request besides those that all take. */
  readonly headers?: readonly RequestHeader[];
  readonly body?: SchemaName;
  /** The request may come without a body. */
  readonly bodyOptional?: boolean;
  /** The answer with status 200; several for microversions that differ, or a stream of events. */
  readonly answer: SchemaName | readonly SchemaName[] | 'event-stream';
  /** Statuses of refusals besides those that follow from path, body and limit. */
  readonly refusals?: readonly (409 | 422 | 509)[];
}

export type RequestHeader = 'Idempotency-Key' | 'Last-Event-ID';

export interface QueryParameter {
  readonly schema: SchemaObject;
  readonly about: string;
  readonly required?: boolean;
}
