import type { SchemaObject } from 'ajv';
import type { RequestHeader } from '../operations/operation.js';
import { UUID } from '../schemas/answers/object.js';
import { MOST_ID } from '../schemas/constraint-limits.js';
import { MOST_INSTANCE_ID } from '../schemas/instance.js';

/** A Parameter Object of OpenAPI. */
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly description: string;
  readonly required?: boolean;
  readonly schema: SchemaObject;
}

const id = (maxLength: number): SchemaObject => ({ type: 'string', minLength: 1, maxLength });

const PATH: Readonly<Record<string, Pick<Parameter, 'description' | 'schema'>>> = {
  session_id: { description: 'The session.', schema: UUID },
  project_id: {
    description: "The project, whose token it must be unless an admin's. Some words are never projects.",
    schema: { ...id(MOST_ID), not: { enum: ['detail', 'history', 'plan', 'events', 'action', 'hosts', 'report'] } },
  },
  instance_id: { description: 'The instance.', schema: id(MOST_INSTANCE_ID) },
  group_id: { description: 'The instance group.', schema: id(MOST_ID) },
};

/** Of the path's `{names}`. */
export function pathParameters(path: string): Parameter[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => {
    const known = PATH[name];
    if (known === undefined) throw new Error(`${name} of ${path} is not described`);
    return { name, in: 'path', required: true, ...known };
  });
}

function header(name: string, description: string, schema: SchemaObject = { type: 'string' }): Parameter {
  return { name, in: 'header', description, schema };
}

/** By their names in `components`. */
export const HEADER_PARAMETERS = {
  ApiVersion: header(
    'OpenStack-API-Version',
    'The microversion that is wanted, as in `maintenance 1.1`, or `maintenance latest`; without it 1.0.',
  ),
  RequestId: header(
    'x-openstack-request-id',
    'Taken over if it is well-formed, so that a request can be followed over services.',
  ),
  IfNoneMatch: header('If-None-Match', 'The ETag of an answer that the client has.'),
  IdempotencyKey: header('Idempotency-Key', 'Requests with the same one are carried out once.', {
    type: 'string',
    minLength: 1,
    maxLength: 255,
  }),
  LastEventId: header('Last-Event-ID', 'Begin after this event.', { type: 'string', pattern: '^\\d{1,15}$' }),
} as const satisfies Record<string, Parameter>;

export type HeaderParameter = keyof typeof HEADER_PARAMETERS;

export const COMPONENT_OF: Readonly<Record<RequestHeader, HeaderParameter>> = {
  'Idempotency-Key': 'IdempotencyKey',
  'Last-Event-ID': 'LastEventId',
};
