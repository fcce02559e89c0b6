import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import test from 'ava';
import { apiReference, openApiDocument } from '../../src/api/index.js';
import { FenixClient } from '../../src/client/index.js';
import { TestApi } from '../support/api.js';
import { type DatabaseKind, databaseKinds } from '../support/api-databases.js';
import { DOCUMENT, faultOf, resolved, templateOf } from '../support/api-document.js';

const sqlite = databaseKinds[0] as DatabaseKind;

/** A layer of express' router, as far as it is read here. */
interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
  readonly handle: { readonly stack?: readonly Layer[] };
  /** What it was mounted at. */
  readonly rawPath: string;
}

/** Every method and path that the application routes, with parameters as in `{name}`. */
function routesOf(layers: readonly Layer[], prefix = ''): string[] {
  return layers.flatMap((layer) => {
    const { route, handle, rawPath } = layer;
    if (route === undefined) return routesOf(handle.stack ?? [], `${prefix}${rawPath}`);
    // What takes all methods there are says 405.
    if (route.methods.trace) return [];
    const path = `${prefix}${route.path}`.replaceAll(/:(\w+)/g, '{$1}');
    const methods = Object.keys(route.methods).filter((method) => method !== '_all');
    return methods.map((method) => `${method} ${path}`);
  });
}

const described = Object.entries(DOCUMENT.paths).flatMap(([path, item]) =>
  Object.keys(item).map((method) => `${method} ${path}`),
);

test('the OpenAPI document in docs is the one that the code makes', (t) => {
  const text = readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8');
  t.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(openApiDocument('/'))), 'run "npm run sample"');
});

test('the API reference in docs is the one that the OpenAPI document makes', (t) => {
  const text = readFileSync(new URL('../../../docs/api-reference.md', import.meta.url), 'utf8');
  t.true(text === apiReference(), 'run "npm run sample"');
  // Every request has its heading, every body its table.
  for (const one of described)
    t.true(text.includes(`### ${one.replace(/^\w+/, (method) => method.toUpperCase())}\n`), one);
  for (const name of Object.keys(DOCUMENT.components.schemas)) t.true(text.includes(`### ${name}\n`), name);
});

test('the OpenAPI document is valid', async (t) => {
  const { valid, errors } = await new Validator().validate({ ...openApiDocument('/') });
  t.deepEqual(errors ?? [], []);
  t.true(valid);
});

test('every route of the application is in the OpenAPI document, and nothing else', async (t) => {
  const api = await TestApi.start(t, sqlite);
  const { stack } = api.app.router as unknown as { stack: readonly Layer[] };
  t.deepEqual(routesOf(stack).sort(), described.toSorted());
  t.true(described.length > 20);
});

test('every operation of the OpenAPI document names its parameters, headers and refusals', (t) => {
  for (const [path, item] of Object.entries(DOCUMENT.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const named = (resolved(operation.parameters) as { name: string; in: string }[]).map((one) => one.name);
      for (const [, name] of path.matchAll(/\{(\w+)\}/g)) t.true(named.includes(String(name)), `${method} ${path}`);
      t.true(named.includes('x-openstack-request-id'), `${method} ${path}`);
      if (!path.startsWith('/v1/') || path === '/v1/openapi.json') continue;
      t.true(named.includes('OpenStack-API-Version'));
      t.is(named.includes('Idempotency-Key'), method === 'post');
      for (const status of [200, 400, 401, 403, 406, 503]) t.true(status in operation.responses, `${path} ${status}`);
      t.is(operation.requestBody !== undefined, method === 'put' || method === 'post');
    }
  }
});

test('the OpenAPI document is served without a token, with the address by which the service is reached', async (t) => {
  const api = await TestApi.start(t, sqlite);
  const answer = await api.send('GET', '/v1/openapi.json');
  t.is(answer.status, 200);
  t.like(answer.json, { openapi: '3.1.0', servers: [{ url: api.url }] });
  const headers = { 'If-None-Match': String(answer.headers.etag) };
  t.is((await api.send('GET', '/v1/openapi.json', { headers })).status, 304);
  const publicUrl = 'https://cloud.example.org/maintenance/v1';
  const told = await TestApi.start(t, sqlite, { publicUrl });
  t.like((await told.send('GET', '/v1/openapi.json')).json, {
    servers: [{ url: 'https://cloud.example.org/maintenance' }],
  });
});

test('an answer that is not as described is found: status, header, key, type', (t) => {
  const target = '/v1//maintenance/0e0f0b9c-5a48-4b1f-9a3e-3f2a3f6d8a11/';
  t.is(templateOf(target), '/v1/maintenance/{session_id}');
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'x-openstack-request-id': 'req-1',
    'openstack-api-version': 'maintenance 1.0',
    etag: '"1"',
  };
  const body = { session_id: '0e0f0b9c-5a48-4b1f-9a3e-3f2a3f6d8a11', state: 'MAINTENANCE', paused_at: null };
  const good = { method: 'GET', target, status: 200, headers, text: JSON.stringify(body) };
  t.is(faultOf(good), undefined);
  const { etag, ...untagged } = headers;
  for (const [wrong, pattern] of [
    [{ status: 500 }, /a 500/],
    [{ status: 201 }, /not described/],
    [{ headers: untagged }, /without ETag/],
    [{ headers: { ...headers, 'content-type': 'text/html' } }, /undescribed type text\/html/],
    [{ text: '{' }, /not JSON/],
    [{ text: JSON.stringify({ ...body, state: 'SLEEPING' }) }, /state/],
    [{ text: JSON.stringify({ ...body, secret: 1 }) }, /additional/],
    [{ text: JSON.stringify({ state: 'MAINTENANCE', paused_at: null }) }, /session_id/],
    [{ method: 'PATCH' }, /no operation/],
    [{ target: '/v1/elsewhere' }, /no operation/],
  ] as const) {
    t.regex(faultOf({ ...good, ...wrong }) ?? '', pattern);
  }
});

test('whatever the client asks for is in the OpenAPI document', async (t) => {
  const asked: { method: string; url: URL; headers: Headers }[] = [];
  const answer = { session_id: [], history: [], workflows: [], actions: [], engines: [], instance_ids: [] };
  const client = new FenixClient({
    url: 'http://fenix/v1',
    token: async () => 't',
    fetch: async (url, { method = '', headers }) => {
      asked.push({ method, url: new URL(url), headers: new Headers(headers) });
      if (url.endsWith('/events'))
        return new Response('event: end\ndata: {}\n\n', { headers: { 'Content-Type': 'text/event-stream' } });
      return new Response(JSON.stringify(answer));
    },
  });
  const calls: Record<string, () => Promise<unknown>> = {
    create: () => client.create({ maintenance_at: '2026-01-01 12:00:00' }, undefined, 'key'),
    list: () => client.list(),
    listPage: () => client.listPage({ limit: 1, marker: 's', state: 'SCALE_IN', workflow: 'vnf' }),
    show: () => client.show('s'),
    detail: () => client.detail('s'),
    resumeFailed: () => client.resumeFailed('s'),
    control: () => client.control('s', { pause: {} }, undefined, 'key'),
    history: () => client.history('s'),
    events: () => client.events('s', { lastEventId: '1' }).next(),
    workflows: () => client.workflows(),
    actions: () => client.actions(),
    engines: () => client.engines(),
    remove: () => client.remove('s'),
    instances: () => client.instances('s', 'p'),
    reply: async () => {
      await client.reply('s', 'p', { state: 'ACK_MAINTENANCE' });
      await client.reply('s', 'p', { state: 'ACK_MAINTENANCE' }, 'i');
    },
    setInstanceConstraints: () => client.setInstanceConstraints('i', {}),
    instanceConstraints: () => client.instanceConstraints('i'),
    removeInstanceConstraints: () => client.removeInstanceConstraints('i'),
    setGroupConstraints: () => client.setGroupConstraints('g', {}),
    groupConstraints: () => client.groupConstraints('g'),
    removeGroupConstraints: () => client.removeGroupConstraints('g'),
    health: () => client.health(),
  };
  const inner = ['constructor', 'request', 'send'];
  const methods = Object.getOwnPropertyNames(FenixClient.prototype).filter((name) => !inner.includes(name));
  t.deepEqual(Object.keys(calls).sort(), methods.sort(), 'each method is tried');
  for (const call of Object.values(calls)) await call().catch(() => 'what is asked counts, not what is answered');
  const unserved = new Set(described);
  const common = ['accept', 'content-type', 'x-auth-token'];
  for (const { method, url, headers } of asked) {
    const template = templateOf(url.pathname) ?? url.pathname;
    const operation = DOCUMENT.paths[template]?.[method.toLowerCase()];
    t.truthy(operation, `${method} ${url.pathname}`);
    unserved.delete(`${method.toLowerCase()} ${template}`);
    const parameters = resolved(operation?.parameters ?? []) as { name: string; in: string }[];
    const known = parameters.map((one) => one.name.toLowerCase());
    for (const name of url.searchParams.keys()) t.true(known.includes(name), `${name} of ${method} ${template}`);
    for (const name of headers.keys()) t.true([...common, ...known].includes(name), `${name} of ${method} ${template}`);
  }
  t.deepEqual(
    [...unserved].sort(),
    ['get /', 'get /v1', 'get /v1/maintenance/{session_id}/history', 'get /v1/openapi.json'],
    'and but for discovery it asks for all of it',
  );
});
