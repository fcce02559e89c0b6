import { NEWEST_MICROVERSION } from '../middleware/microversion.js';
import { type Operation, RESOURCES } from '../operations/index.js';
import { SCHEMAS } from '../schemas/index.js';
import { COMPONENT_OF, HEADER_PARAMETERS, type HeaderParameter, type Parameter, pathParameters } from './parameters.js';
import { PUBLIC_PATHS } from './public-paths.js';
import { headersOf, RESPONSE_HEADERS, type Refused, refusedResponses, schemaRef } from './responses.js';

const DESCRIPTION = `Rolling maintenance of OpenStack hosts. Success is always 200; other methods than those below are
405 with Allow. One slash at the end of a path and repeated slashes mean nothing. HEAD is answered like GET, without a
body. Numbers and booleans in constraints may be sent as text. Clients must bear keys that are not named here.`;

const TAGS = [
  { name: 'sessions', description: 'Maintenance sessions, for admins.' },
  { name: 'history', description: 'What happened in a session, and who did it.' },
  { name: 'catalog', description: 'What engines have, and which there are.' },
  { name: 'projects', description: 'A session, for the owners of instances.' },
  { name: 'instances', description: 'Constraints of single instances.' },
  { name: 'groups', description: 'Constraints of instance groups.' },
  { name: 'service', description: 'The service itself.' },
];

/**
 * The OpenAPI 3.1 document of the REST API, made from what routes and validates.
 * @param server address that the paths are below, without a slash at the end
 */
export function openApiDocument(server: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Fenix',
      version: NEWEST_MICROVERSION,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: server }],
    tags: TAGS,
    security: [{ token: [] }, { token: [], serviceToken: [] }],
    paths: { ...PUBLIC_PATHS, ...paths() },
    components: {
      securitySchemes: {
        token: { type: 'apiKey', in: 'header', name: 'X-Auth-Token', description: 'A token of Keystone.' },
        serviceToken: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Service-Token',
          description: 'Of a service that passes the request on for its user.',
        },
      },
      parameters: HEADER_PARAMETERS,
      headers: RESPONSE_HEADERS,
      responses: refusedResponses(),
      schemas: SCHEMAS,
    },
  };
}

function paths(): Record<string, Record<string, object>> {
  const all: Record<string, Record<string, object>> = {};
  for (const [tag, operations] of Object.entries(RESOURCES)) {
    for (const [id, operation] of Object.entries(operations)) {
      const path = `/v1${operation.path}`;
      all[path] = { ...all[path], [operation.method.toLowerCase()]: operationObject(id, tag, operation) };
    }
  }
  return all;
}

function operationObject(operationId: string, tag: string, operation: Operation): object {
  const { about, rule, body, bodyOptional = false } = operation;
  return {
    operationId,
    summary: about,
    tags: [tag],
    'x-policy-rule': rule,
    parameters: [...pathParameters(operation.path), ...queryParameters(operation), ...headerParameters(operation)],
    ...(body && { requestBody: { required: !bodyOptional, content: json(schemaRef(body)) } }),
    responses: { ...answers(operation), ...refusals(operation) },
  };
}

function queryParameters({ query = {} }: Operation): Parameter[] {
  return Object.entries(query).map(([name, { schema, about, required = false }]) => ({
    name,
    in: 'query',
    description: about,
    required,
    schema,
  }));
}

function headerParameters(operation: Operation): object[] {
  const special = (operation.headers ?? []).map((name) => COMPONENT_OF[name]);
  const cached: HeaderParameter[] = isCached(operation) ? ['IfNoneMatch'] : [];
  const names: HeaderParameter[] = ['ApiVersion', 'RequestId', ...cached, ...special];
  return names.map((name) => ({ $ref: `#/components/parameters/${name}` }));
}

/** Streams have no end that a tag could be made of. */
function isCached({ method, answer }: Operation): boolean {
  return method === 'GET' && answer !== 'event-stream';
}

function answers(operation: Operation): object {
  const cached = isCached(operation);
  const headers = headersOf(['x-openstack-request-id', 'OpenStack-API-Version', ...(cached ? ['ETag' as const] : [])]);
  return {
    200: { description: 'The answer.', headers, content: content(operation.answer) },
    ...(cached && { 304: { description: 'The client has the answer already.', headers } }),
  };
}

function content(answer: Operation['answer']): object {
  if (answer === 'event-stream') return { 'text/event-stream': { schema: { type: 'string' } } };
  if (typeof answer === 'string') return json(schemaRef(answer));
  return json({ anyOf: answer.map(schemaRef) });
}

function json(schema: object): object {
  return { 'application/json': { schema } };
}

function refusals({ path, query, body, limit, refusals: others = [] }: Operation): object {
  const statuses: Refused[] = [400, 401, 403, 406, 503, ...others];
  if (path.includes('{') || query?.session_id !== undefined) statuses.push(404);
  if (body !== undefined) statuses.push(413);
  if (limit !== undefined) statuses.push(429);
  return Object.fromEntries(statuses.map((status) => [status, { $ref: `#/components/responses/Refused${status}` }]));
}
