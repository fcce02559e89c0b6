import type { SchemaName } from '../schemas/index.js';
import { headersOf, schemaRef } from './responses.js';

/** What needs no token. */
function open(operationId: string, summary: string, answers: Readonly<Record<number, SchemaName>>): object {
  const responses = Object.entries(answers).map(([status, name]) => [
    status,
    {
      description: status === '200' ? 'The answer.' : 'Not well.',
      headers: headersOf(['x-openstack-request-id', 'ETag']),
      content: { 'application/json': { schema: schemaRef(name) } },
    },
  ]);
  const parameters = [{ $ref: '#/components/parameters/RequestId' }, { $ref: '#/components/parameters/IfNoneMatch' }];
  return {
    get: {
      operationId,
      summary,
      tags: ['service'],
      security: [],
      parameters,
      responses: { ...Object.fromEntries(responses), 304: { description: 'The client has the answer already.' } },
    },
  };
}

export const PUBLIC_PATHS = {
  '/': open('versions', 'Tell the versions that are served.', { 200: 'Versions' }),
  '/v1': open('version', 'Tell the microversions that are served.', { 200: 'Version' }),
  '/v1/openapi.json': open('openapi', 'This document.', { 200: 'OpenApi' }),
  '/healthcheck': open('healthcheck', 'Tell whether the service works.', { 200: 'Health', 503: 'Health' }),
};
