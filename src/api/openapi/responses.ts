import type { SchemaName } from '../schemas/index.js';

const TEXT = { type: 'string' };

/** Headers of answers, by their own names; those are required that every answer of the kind has. */
export const RESPONSE_HEADERS = {
  'x-openstack-request-id': { description: 'To be given when asking about it.', required: true, schema: TEXT },
  'OpenStack-API-Version': { description: 'The microversion that was used.', required: true, schema: TEXT },
  ETag: { description: 'To be given in If-None-Match.', required: true, schema: TEXT },
  'WWW-Authenticate': { description: "Keystone's address.", required: true, schema: TEXT },
  'Retry-After': { description: 'Seconds after which to try again.', required: true, schema: TEXT },
} as const;

export type ResponseHeader = keyof typeof RESPONSE_HEADERS;

/** Every refusal has the shape of `Error`. */
export const REFUSALS = {
  400: { about: 'Not JSON, or a field, parameter or header that is missing, unknown, ill-typed or too long.' },
  401: { about: 'No valid token.', headers: ['WWW-Authenticate'] },
  403: { about: "The policy does not allow it, or it is another project's path." },
  404: { about: 'Unknown session, project, instance or constraints.' },
  406: { about: 'The microversion is not served.' },
  409: { about: 'A host belongs to another unfinished session, or the session changed meanwhile.' },
  413: { about: 'The body is too long.' },
  422: { about: 'Well-formed, but impossible; the code says why.' },
  429: { about: 'Too many of this project.', headers: ['Retry-After'] },
  503: { about: 'Keystone, database or engines are out of reach.', headers: ['Retry-After'] },
  509: { about: 'Too many unfinished sessions.' },
} as const satisfies Record<number, { about: string; headers?: readonly ResponseHeader[] }>;

export type Refused = keyof typeof REFUSALS;

export const schemaRef = (name: SchemaName) => ({ $ref: `#/components/schemas/${name}` });

export function headersOf(names: readonly ResponseHeader[]): object {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** The components `Refused400` and so on. */
export function refusedResponses(): object {
  return Object.fromEntries(
    Object.entries(REFUSALS).map(([status, refusal]) => [`Refused${status}`, refusedResponse(refusal)]),
  );
}

function refusedResponse({ about, headers = [] }: { about: string; headers?: readonly ResponseHeader[] }): object {
  return {
    description: about,
    headers: headersOf(['x-openstack-request-id', 'OpenStack-API-Version', ...headers]),
    content: { 'application/json': { schema: schemaRef('Error') } },
  };
}
