import { readFileSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { startApiServer } from '../../src/api/index.js';
import { TENANT, TestApi } from '../support/api.js';
import { type DatabaseKind, databaseKinds } from '../support/api-databases.js';
import { aDirectory } from '../support/program.js';

const sqlite = databaseKinds[0] as DatabaseKind;
const start = (t: ExecutionContext, settings?: Parameters<typeof TestApi.start>[2]) =>
  TestApi.start(t, sqlite, settings);
const certificates = fileURLToPath(new URL('../../../test/fixtures/tls', import.meta.url));

test('a project that sends too many replies or constraints is told when to come again, others are not', async (t) => {
  const api = await start(t, { rateLimits: { replies: 2, constraints: 3 } });
  const session = await api.session(['i'], [{ instanceIds: ['i'] }]);
  const reply = () => api.reply(session, { state: 'ACK_MAINTENANCE' });
  t.deepEqual([(await reply()).status, (await reply()).status], [200, 200]);
  const third = await reply();
  t.like(third.json, { status: 429, code: 'rate-limited' });
  t.regex(String(third.headers['retry-after']), /^([1-9]|[1-5]\d|60)$/);
  const put = (token: string) => api.send('PUT', '/v1/instance/i', { token, body: {} });
  for (const status of [200, 200, 200, 429]) t.is((await put('member')).status, status);
  t.is((await api.send('DELETE', '/v1/instance_group/g', { token: 'member' })).status, 429, 'counted together');
  t.is((await put('stranger')).status, 200);
  t.is((await api.send('GET', '/v1/instance/i', { token: 'member' })).status, 200, 'reading is not limited');
  t.is((await api.send('PUT', `/v1/maintenance/${session.sessionId}/${TENANT}`, { token: 'stranger' })).status, 403);
});

test('pages of allowed origins may call the API, others are not answered to', async (t) => {
  const origin = 'https://console.example.org';
  const cors = {
    allowedOrigins: [origin],
    allowCredentials: false,
    exposeHeaders: ['ETag'],
    maxAgeS: 60,
    allowMethods: ['GET', 'PUT'],
    allowHeaders: ['X-Auth-Token'],
  };
  const api = await start(t, { cors });
  const preflight = (from: string) =>
    api.send('OPTIONS', '/v1/maintenance', {
      headers: {
        Origin: from,
        'Access-Control-Request-Method': 'GET',
        'Access-Control-Request-Headers': 'x-auth-token',
      },
    });
  const answer = await preflight(origin);
  t.is(answer.status, 200, 'without a token');
  t.like(answer.headers, {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'GET,PUT',
    'access-control-allow-headers': 'X-Auth-Token',
    'access-control-max-age': '60',
  });
  t.is((await preflight('https://evil.example.org')).headers['access-control-allow-origin'], undefined);
  const list = await api.send('GET', '/v1/maintenance', { token: 'admin', headers: { Origin: origin } });
  t.like(list.headers, { 'access-control-allow-origin': origin, 'access-control-expose-headers': 'ETag' });
  const refused = await api.send('GET', '/v1/maintenance', { headers: { Origin: origin } });
  t.is(refused.status, 401);
  t.is(refused.headers['access-control-allow-origin'], origin, 'a page can read why it was refused');
  t.is((await api.send('OPTIONS', '/v1/maintenance', { token: 'admin' })).status, 405, 'no preflight');
  const closed = await start(t);
  t.is(
    (await closed.send('GET', '/', { headers: { Origin: origin } })).headers['access-control-allow-origin'],
    undefined,
  );
});

test('what a proxy writes is believed where one is configured, and of several addresses the nearest one', async (t) => {
  const headers = {
    'X-Forwarded-For': '203.0.113.9, 192.0.2.7',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Host': 'cloud.example.org:12347',
  };
  const links = async (api: TestApi) =>
    ((await api.send('GET', '/v1', { headers })).json.version as { links: { href: string }[] }).links[0]?.href;
  const behind = await start(t, { behindProxy: true });
  t.is(await links(behind), 'https://cloud.example.org:12347/v1');
  const { sessionId } = await behind.session([]);
  await behind.send('POST', `/v1/maintenance/${sessionId}/action`, { token: 'admin', headers, body: { pause: {} } });
  const [line] = await behind.repositories.history.list(sessionId);
  t.is(line?.details.address, '192.0.2.7');
  t.is(behind.log.find(({ fields }) => fields.method === 'POST')?.fields.address, '192.0.2.7');
  const direct = await start(t);
  t.is(await links(direct), `${direct.url}/v1`);
});

test('bodies and headers that are too long are refused', async (t) => {
  const api = await start(t, { maxBodyBytes: 2048 });
  const body = (length: number) =>
    JSON.stringify({ maintenance_at: '2026-01-01 12:00:00', metadata: {} }).padEnd(length);
  t.is((await api.post(body(2048))).status, 200);
  const long = await api.post(body(2049));
  t.like(long.json, { status: 413, code: 'too-large', error: 'The body may have 2048 bytes at most.' });
  const server = await startApiServer({
    app: (_req, res) => void res.end('{}'),
    host: '127.0.0.1',
    port: 0,
    limits: { headersTimeoutMs: 1000, requestTimeoutMs: 1000, keepAliveTimeoutMs: 1000, maxHeaderBytes: 8192 },
  });
  t.teardown(() => server.close(0));
  t.is((await fetch(server.url, { headers: { 'X-Auth-Token': 'x'.repeat(10_000) } })).status, 431);
});

test('with a certificate the API speaks TLS; one that cannot be used is refused with a sentence', async (t) => {
  const tls = { certFile: join(certificates, 'cert.pem'), keyFile: join(certificates, 'key.pem') };
  const options = { app: (_req: unknown, res: { end(text: string): unknown }) => void res.end('{}'), port: 0 };
  const server = await startApiServer({ ...options, host: '127.0.0.1', tls });
  t.teardown(() => server.close(0));
  t.regex(server.url, /^https:\/\/127\.0\.0\.1:\d+$/);
  const status = await new Promise((resolve, reject) => {
    const ca = readFileSync(tls.certFile);
    httpsRequest(server.url, { ca, agent: false }, (answer) => resolve(answer.resume().statusCode))
      .once('error', reject)
      .end();
  });
  t.is(status, 200);
  const demanding = await startApiServer({ ...options, host: '127.0.0.1', tls: { ...tls, caFile: tls.certFile } });
  t.teardown(() => demanding.close(0));
  await t.throwsAsync(
    new Promise((resolve, reject) => {
      httpsRequest(demanding.url, { ca: readFileSync(tls.certFile), agent: false }, resolve)
        .once('error', reject)
        .end();
    }),
    { any: true },
    'clients need a certificate',
  );
  for (const wrong of [
    { ...tls, keyFile: '' },
    { ...tls, certFile: tls.keyFile },
  ]) {
    await t.throwsAsync(startApiServer({ ...options, host: '127.0.0.1', tls: wrong }), {
      code: 'tls',
      message: /certificates in \[ssl\] cannot be used/,
    });
  }
});

test('which engines there are is told to this machine and to admins only; a file takes us out of service', async (t) => {
  const file = join(aDirectory(t), 'disabled');
  const api = await start(t, { health: { detailed: false, timeoutMs: 3000, disableByFilePath: file } });
  const away = { 'X-Forwarded-For': '192.0.2.1' };
  const engines = async (options: { token?: string; headers?: Record<string, string> }) => {
    const answer = await api.send('GET', '/healthcheck', options);
    t.is(answer.status, 200);
    t.is(answer.headers['www-authenticate'], undefined);
    return (answer.json.checks as { engines: object }).engines;
  };
  const known = { alive: 1, known: [{ engine_id: 'engine', host: 'h', version: '1', alive: true }] };
  t.like(await engines({}), known);
  t.like(await engines({ headers: away, token: 'admin' }), known);
  for (const token of ['member', 'forged']) t.deepEqual(await engines({ headers: away, token }), { ok: true });
  t.deepEqual(await engines({ headers: away }), { ok: true });
  writeFileSync(file, '');
  t.like(await api.send('GET', '/healthcheck'), { status: 503, json: { status: 'disabled', checks: {} } });
});
