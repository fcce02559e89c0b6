import { randomUUID } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import { startApiServer } from '../../src/api/index.js';
import type { ApiApp } from '../../src/api/messages.js';
import { FenixClient } from '../../src/client/index.js';
import { SystemMachineClock } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import { silentLogger } from '../../src/common/logger.js';
import { Repositories } from '../../src/db/repositories.js';
import { KeystoneSession, keystoneAuth, TokenValidator } from '../../src/keystone-auth-middleware/index.js';
import { PLUGINS, send, TENANT, TestApi } from '../support/api.js';
import { type DatabaseKind, databaseKinds } from '../support/api-databases.js';
import { httpDouble } from '../support/http-double.js';
import { aCloud, aSmallTopology, logIn } from '../support/simulator.js';

const sqlite = databaseKinds[0] as DatabaseKind;
const at = '2026-01-01 12:00:00';
const start = (t: ExecutionContext, settings?: Parameters<typeof TestApi.start>[2]) =>
  TestApi.start(t, sqlite, settings);

test('slashes too many mean nothing', async (t) => {
  const api = await start(t);
  const session = await api.session(['i'], [{ instanceIds: ['i'] }]);
  const path = `/v1/maintenance/${session.sessionId}`;
  const admin = { token: 'admin' };
  for (const variant of ['/v1/maintenance/', '//v1/maintenance', '/v1//maintenance', '///v1///maintenance///?x=1']) {
    t.is((await api.send('GET', variant, admin)).status, 200, variant);
    t.is((await api.send('POST', variant, { ...admin, body: { maintenance_at: at } })).status, 200, variant);
  }
  for (const below of ['', '/detail', `/${TENANT}`]) {
    const variants = [`${path}${below}/`, `/${path}${below}`, `${path}${below}`.replaceAll('/', '//')];
    for (const variant of variants) t.is((await api.send('GET', variant, admin)).status, 200, variant);
  }
  for (const variant of [`${path}/${TENANT}/`, `${path}//${TENANT}`, `/${path}/${TENANT}/i/`]) {
    const body = { state: 'ACK_MAINTENANCE' };
    t.is((await api.send('PUT', variant, { token: 'member', body })).status, 200, variant);
  }
  for (const variant of ['//', '/v1/', '//v1//', '/healthcheck/']) {
    t.is((await api.send('GET', variant)).status, 200, variant);
  }
  t.is((await api.send('DELETE', `/v1//maintenance//${session.sessionId}/`, admin)).status, 200);
});

test('Content-Type is not looked at, and bodies of GET and DELETE are ignored', async (t) => {
  const api = await start(t);
  const bytes = JSON.stringify({ maintenance_at: at });
  for (const type of [
    '',
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin-9',
    ';;;',
  ]) {
    const headers = { 'content-type': type };
    const answer = await api.send('POST', '/v1/maintenance', { token: 'admin', body: bytes, headers });
    t.is(answer.status, 200, `${type}: ${answer.text}`);
  }
  const withMark = await api.post(`\ufeff${bytes}`);
  t.is(withMark.status, 200, 'a byte order mark does no harm');
  const { sessionId } = await api.session([]);
  const empty = { token: 'admin', headers: { 'content-type': 'application/json', 'content-length': '0' } };
  for (const options of [empty, { token: 'admin', body: '{nonsense' }]) {
    t.is((await api.send('GET', '/v1/maintenance', options)).status, 200);
    t.is((await api.send('GET', `/v1/maintenance/${sessionId}`, options)).status, 200);
  }
  t.is((await api.send('DELETE', `/v1/maintenance/${sessionId}`, empty)).status, 200);
});

test('unknown paths are 404, known ones with other methods 405 with Allow, reserved words not projects', async (t) => {
  const api = await start(t);
  const { sessionId } = await api.session([]);
  const path = `/v1/maintenance/${sessionId}`;
  const cases: [method: string, path: string, status: number, allow?: string][] = [
    ['GET', '/nothing', 404],
    ['GET', '/v2', 404],
    ['GET', '/v1/nothing', 404],
    ['GET', '/V1/maintenance', 404],
    ['GET', `${path}/${TENANT}/i/more`, 404],
    ['GET', '/v1/maintenance/%zz', 400],
    ['PUT', '/v1/maintenance', 405, 'GET, POST, HEAD'],
    ['PATCH', path, 405, 'GET, PUT, DELETE, HEAD'],
    ['PUT', `${path}/detail`, 405, 'GET, HEAD'],
    ['DELETE', `${path}/${TENANT}`, 405, 'GET, PUT, HEAD'],
    ['GET', `${path}/${TENANT}/i`, 405, 'PUT'],
    ['PUT', `${path}/history`, 405, 'GET, HEAD'],
    ['PUT', `${path}/events`, 405, 'GET, HEAD'],
    ['POST', '/v1/engines', 405, 'GET, HEAD'],
    ['GET', `${path}/action`, 405, 'POST'],
    ['POST', '/v1/history', 405, 'GET, HEAD'],
    ['POST', '/v1/instance/i', 405, 'GET, PUT, DELETE, HEAD'],
    ['OPTIONS', '/v1/maintenance', 405, 'GET, POST, HEAD'],
    ['POST', '/', 405, 'GET, HEAD'],
    ['DELETE', '/v1', 405, 'GET, HEAD'],
    ['POST', '/healthcheck', 405, 'GET, HEAD'],
    ...['plan', 'hosts', 'report'].flatMap(
      (word) =>
        [
          ['GET', `${path}/${word}`, 404],
          ['PUT', `${path}/${word}`, 404],
        ] as [string, string, number][],
    ),
  ];
  for (const [method, target, status, allow] of cases) {
    const answer = await api.send(method, target, { token: 'admin' });
    t.is(answer.status, status, `${method} ${target}: ${answer.text}`);
    t.is(answer.headers.allow, allow, `${method} ${target}`);
    t.is(answer.json.status, status);
  }
  t.is((await api.send('HEAD', '/v1/maintenance', { token: 'admin' })).status, 200);
});

test('microversions 1.0 and 1.1 are served, 1.0 by default, and every answer says which', async (t) => {
  const api = await start(t);
  const header = 'OpenStack-API-Version';
  const cases: [wanted: string, status: number, used: string][] = [
    ['maintenance 1.0', 200, '1.0'],
    ['maintenance 1.1', 200, '1.1'],
    ['maintenance latest', 200, '1.1'],
    ['compute 2.99', 200, '1.0'],
    ['compute 2.99, maintenance 1.1', 200, '1.1'],
    ['maintenance 1.10', 406, '1.0'],
    ['compute 2.1, maintenance 1.99', 406, '1.0'],
    ['maintenance 0.1', 406, '1.0'],
    ['maintenance 2.0', 406, '1.0'],
    ['maintenance 2', 406, '1.0'],
    ['maintenance', 406, '1.0'],
  ];
  for (const [version, status, used] of cases) {
    const answer = await api.send('GET', '/v1/maintenance', { token: 'admin', headers: { [header]: version } });
    t.is(answer.status, status, version);
    t.is(answer.headers['openstack-api-version'], `maintenance ${used}`, version);
    t.regex(String(answer.headers.vary), /OpenStack-API-Version/);
  }
  t.is(
    (await api.send('GET', '/v1/maintenance', { token: 'admin' })).headers['openstack-api-version'],
    'maintenance 1.0',
  );
});

test('versions are discovered without a token, at the public address', async (t) => {
  const asked = await start(t);
  const version = (href: string) => ({
    id: 'v1.0',
    status: 'CURRENT',
    links: [{ rel: 'self', href }],
    min_version: '1.0',
    max_version: '1.1',
    version: '1.1',
  });
  t.deepEqual((await asked.send('GET', '/')).json, { versions: [version(`${asked.url}/v1`)] });
  t.deepEqual((await asked.send('GET', '/v1')).json, { version: version(`${asked.url}/v1`) });
  const publicUrl = 'https://cloud.example.org:12347/v1';
  const told = await start(t, { publicUrl });
  t.deepEqual((await told.send('GET', '/v1/')).json, { version: version(publicUrl) });
});

test('a well-formed request id is taken over, any other replaced', async (t) => {
  const api = await start(t);
  const given = `req-${randomUUID()}`;
  const ask = async (id: string) =>
    (await api.send('GET', '/v1/x', { token: 'admin', headers: { 'x-openstack-request-id': id } })).headers[
      'x-openstack-request-id'
    ];
  t.is(await ask(given), given);
  for (const odd of ['req-1', randomUUID(), `${given}x`]) t.regex(String(await ask(odd)), /^req-[0-9a-f-]{36}$/);
  t.not(await ask('req-1'), await ask('req-1'));
});

test('each request is one log line, and no line holds a token', async (t) => {
  const api = await start(t);
  await api.send('GET', '/v1//maintenance/?secret=1', { token: 'member' });
  await api.send('GET', '/v1/maintenance', { token: 'very-secret' });
  await api.post({ maintenance_at: at });
  const lines = api.log.filter(({ message }) => message === 'request');
  t.is(lines.length, 3);
  t.like(lines[0]?.fields, {
    method: 'GET',
    path: '/v1//maintenance/',
    status: 403,
    user_id: 'user-member',
    project_id: TENANT,
  });
  t.like(lines[1]?.fields, { status: 401, user_id: undefined });
  for (const { fields } of lines) {
    t.regex(String(fields.request_id), /^req-/);
    t.is(typeof fields.duration_ms, 'number');
  }
  t.notRegex(JSON.stringify(api.log), /secret/);
});

test('health: well, degraded without engines or broker, 503 without the database', async (t) => {
  const { database, close } = await sqlite.open();
  t.teardown(close);
  const repositories = new Repositories(database);
  let brokerUp = true;
  const api = await TestApi.on(t, repositories, {}, { brokerUp: () => brokerUp });
  const health = async () => {
    // By way of a proxy, else this machine is told more.
    const { status, json } = await api.send('GET', '/healthcheck', { headers: { 'X-Forwarded-For': '192.0.2.1' } });
    return { code: status, ...json };
  };
  const checks = (engines: number, broker: boolean) => ({
    database: { ok: true },
    engines: { ok: engines > 0 },
    broker: { ok: broker },
  });
  t.deepEqual(await health(), { code: 200, status: 'degraded', checks: checks(0, true) });
  await repositories.engines.register({ engineId: 'e', host: 'h', version: '1', plugins: PLUGINS }, 1000);
  t.deepEqual(await health(), { code: 200, status: 'ok', checks: checks(1, true) });
  brokerUp = false;
  t.deepEqual(await health(), { code: 200, status: 'degraded', checks: checks(1, false) });
  repositories.engines.list = () => Promise.reject(new Error('gone'));
  t.like(await health(), { code: 503, status: 'error' });
  repositories.engines.list = () => new Promise(() => {});
  const hurried = await TestApi.on(t, repositories, { health: { detailed: false, timeoutMs: 5 } });
  t.is((await hurried.send('GET', '/healthcheck')).status, 503, 'no answer is no database');
});

test('while database or Keystone are out of reach requests are asked to come again', async (t) => {
  const { database, close } = await sqlite.open();
  t.teardown(close);
  const repositories = new Repositories(database);
  const api = await TestApi.on(t, repositories);
  repositories.sessions.ids = () =>
    Promise.reject(Object.assign(new Error('lost'), { code: 'PROTOCOL_CONNECTION_LOST' }));
  const answer = await api.send('GET', '/v1/maintenance', { token: 'admin' });
  t.like(answer.json, { status: 503, code: 'database-unreachable' });
  t.true(Number(answer.headers['retry-after']) > 0);

  const keystoneAway = await TestApi.on(
    t,
    repositories,
    {},
    {
      authenticate: () => {
        throw new FenixError('overload', 'keystone-unreachable', 'Keystone cannot be asked.', { retryAfterS: 7 });
      },
    },
  );
  const unchecked = await keystoneAway.send('GET', '/v1/maintenance', { token: 'admin' });
  t.like(unchecked.json, { status: 503, code: 'keystone-unreachable' });
  t.is(unchecked.headers['retry-after'], '7');
});

test('what nobody foresaw is a 500 without particulars, logged with them', async (t) => {
  const { database, close } = await sqlite.open();
  t.teardown(close);
  const repositories = new Repositories(database);
  const api = await TestApi.on(t, repositories);
  repositories.sessions.ids = () => Promise.reject(new Error('inner workings'));
  await t.throwsAsync(api.send('GET', '/v1/maintenance', { token: 'admin' }), { message: /answered 500/ });
  t.regex(api.faults.splice(0).join(), /answered 500, a 500/, 'a test that does not expect it would fail');
  const logged = api.log.find(({ level }) => level === 'error');
  t.is(logged?.fields.error, 'inner workings');
});

test('requests and responses are from the beginning what express makes of them', async (t) => {
  const api = await start(t);
  const prototypes: unknown[][] = [];
  const app: ApiApp = (req, res) => {
    const before = [req, res].map((message) => Object.getPrototypeOf(message));
    api.app(req, res);
    prototypes.push(before, [Object.getPrototypeOf(req), Object.getPrototypeOf(res)]);
  };
  const server = await startApiServer({
    app: Object.assign(app, { messages: api.app.messages }),
    host: '127.0.0.1',
    port: 0,
  });
  t.teardown(() => server.close(0));
  t.is((await send(server.url, 'GET', '/')).status, 200);
  const [[request, response] = [], after] = prototypes;
  t.true(request === after?.[0] && response === after?.[1], 'changed, each of them is slow from then on');
});

test('closing lets a request in progress end, then the door is shut', async (t) => {
  let arrived = (): void => {};
  const inside = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  let release = (): void => {};
  const server = await startApiServer({
    app: (_req, res) => {
      release = () => void res.end('{}');
      arrived();
    },
    host: '127.0.0.1',
    port: 0,
  });
  const answer = fetch(server.url);
  await inside;
  const closed = server.close(30);
  release();
  t.is((await answer).status, 200);
  await closed;
  await t.throwsAsync(send(server.url, 'GET', '/'), { any: true, code: 'ECONNREFUSED' });
});

test('closing cuts what does not end in its time; an address in use is told', async (t) => {
  let arrived = (): void => {};
  const inside = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const server = await startApiServer({ app: () => arrived(), host: '127.0.0.1', port: 0 });
  const port = Number(new URL(server.url).port);
  await t.throwsAsync(startApiServer({ app: () => {}, host: '127.0.0.1', port }), { code: 'listen' });
  const answer = send(server.url, 'GET', '/');
  await inside;
  const closed = server.close(0);
  await t.throwsAsync(answer, { any: true, code: 'ECONNRESET' });
  await closed;
});

test('the client speaks to all of it', async (t) => {
  const api = await start(t);
  const as = (token: string) => new FenixClient({ url: `${api.url}/v1/`, token: async () => token });
  const admin = as('admin');
  const sessionId = await admin.create({
    maintenance_at: at,
    hosts: ['h'],
    actions: [{ plugin: 'noop', type: 'host' }],
  });
  t.deepEqual(await admin.list(), [sessionId]);
  t.deepEqual(await admin.show(sessionId), { session_id: sessionId, state: 'MAINTENANCE', paused_at: null });
  t.deepEqual((await admin.detail(sessionId)).action_plugins, [
    { name: 'noop', plugin: 'noop', type: 'host', order: 0, metadata: {} },
  ]);
  const asked = await api.session(['i'], [{ instanceIds: ['i'] }]);
  t.deepEqual(await as('member').instances(asked.sessionId, TENANT), ['i']);
  await as('member').reply(asked.sessionId, TENANT, { state: 'ACK_MAINTENANCE' });
  await as('member').reply(asked.sessionId, TENANT, { state: 'ACK_MAINTENANCE' }, 'i');
  t.is((await api.stored(asked)).length, 1);
  const tenant = as('member');
  const slow = await api.session(['i'], [{ instanceIds: ['i'] }]);
  t.is((await tenant.reply(slow.sessionId, TENANT, { defer_seconds: 60 })).reply_at, '2026-01-01T12:01:00');
  t.like(await tenant.setInstanceConstraints('i', { group_id: 'g' }), { group_id: 'g', lead_time: 40 });
  t.like(await tenant.instanceConstraints('i'), { instance_id: 'i', migration_type: 'MIGRATE' });
  t.like(await tenant.setGroupConstraints('g', { recovery_time: 3 }), { recovery_time: 3 });
  t.like(await tenant.groupConstraints('g'), { group_id: 'g', max_impacted_members: 1 });
  await tenant.removeInstanceConstraints('i');
  await tenant.removeGroupConstraints('g');
  await t.throwsAsync(tenant.instanceConstraints('i'), { code: 'not-found' });
  await t.throwsAsync(tenant.groupConstraints('g'), { code: 'not-found' });
  await admin.control(sessionId, { pause: {} });
  await t.throwsAsync(admin.control(sessionId, { skip_host: { host: 'h' } }), { code: 'unknown-host' });
  await t.throwsAsync(admin.resumeFailed(sessionId), { code: 'not-resumable' });
  const failed = await api.session([], [], { state: 'MAINTENANCE_FAILED', failedIn: 'SCALE_IN' });
  t.is(await admin.resumeFailed(failed.sessionId), 'SCALE_IN');
  t.deepEqual(
    (await admin.history(sessionId)).map(({ what }) => what),
    ['session-created', 'pause'],
  );
  const listed = await admin.listPage({ limit: 1 });
  t.deepEqual([listed.sessions.map((session) => session.session_id), listed.next], [[sessionId], sessionId]);
  t.deepEqual((await admin.listPage({ state: 'SCALE_IN' })).sessions, []);
  t.deepEqual(
    (await admin.workflows()).map(({ name }) => name),
    ['default'],
  );
  t.like((await admin.actions())[1], { name: 'sleepy', types: ['compute'], metadata_schema: { type: 'object' } });
  t.like((await admin.engines())[0], { engine_id: 'engine', alive: true });
  const twice = [1, 2].map(() => admin.create({ maintenance_at: at }, undefined, 'key'));
  t.is(new Set(await Promise.all(twice)).size, 1);
  t.is((await admin.health()).status, 'ok');
  await admin.remove(sessionId);
  await t.throwsAsync(admin.show(sessionId), { instanceOf: FenixError, code: 'not-found' });
  const refused = await t.throwsAsync<FenixError>(admin.create({ maintenance_at: 'soon' }));
  t.like(refused, { kind: 'input', status: 400, field: 'maintenance_at' });
  await t.throwsAsync(as('nobody').list(), { code: 'unauthenticated' });
});

test('the client tells silence, lost connections and strange answers apart', async (t) => {
  const answers = ['silence', 'hang-up', { body: '<html>' }, { status: 502, body: '<html>' }] as const;
  const codes = ['fenix-timeout', 'fenix-unreachable', 'fenix-bad-answer', 'http-502'];
  for (const [i, answer] of answers.entries()) {
    const double = await httpDouble(() => answer);
    t.teardown(() => double.close());
    const client = new FenixClient({
      url: `${double.url}/v1`,
      token: async () => 't',
      timeoutMs: i === 0 ? 20 : 20_000,
    });
    const error = await t.throwsAsync<FenixError>(client.remove('x'), { code: codes[i] as string });
    t.true(error?.retryable);
  }
});

test('with the real middleware and a Keystone, tokens say who is who', async (t) => {
  const { database, close } = await sqlite.open();
  t.teardown(close);
  const { simulator, admin } = await aCloud(t, aSmallTopology());
  const clock = new SystemMachineClock();
  const credentials = { authUrl: simulator.authUrl, ...simulator.serviceCredentials };
  const session = new KeystoneSession(credentials, { timeoutS: 5 }, clock, silentLogger);
  const validator = new TokenValidator(session, {}, clock);
  const authenticate = keystoneAuth({ validator, wwwAuthenticateUri: simulator.authUrl });
  const api = await TestApi.on(t, new Repositories(database), {}, { authenticate });
  const tenant = await logIn(simulator, simulator.tenantCredentials('demo'));
  const projectId = [...simulator.cloud.projects.values()].find(({ name }) => name === 'demo')?.id;
  const get = (path: string, token?: string) => api.send('GET', path, token === undefined ? {} : { token });

  const { sessionId } = await api.session([]);
  t.is((await get('/v1/maintenance', admin.token)).status, 200);
  t.is((await get('/v1/maintenance', tenant.token)).status, 403);
  t.is((await get(`/v1/maintenance/${sessionId}/${projectId}`, tenant.token)).status, 404, 'its own path');
  t.is((await get(`/v1/maintenance/${sessionId}/${TENANT}`, tenant.token)).status, 403);
  const forged = await get('/v1/maintenance', 'forged');
  t.is(forged.status, 401);
  t.is(forged.headers['www-authenticate'], `Keystone uri="${simulator.authUrl}"`);
  t.like(forged.json, { status: 401, code: 'unauthenticated' });
  t.is((await get('/v1/maintenance')).status, 401);
});
