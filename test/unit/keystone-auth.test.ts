import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import express, { type ErrorRequestHandler } from 'express';
import jwt from 'jsonwebtoken';
import { FenixError } from '../../src/common/errors.js';
import { silentLogger } from '../../src/common/logger.js';
import {
  identityOf,
  type KeystoneAuthSettings,
  KeystoneSession,
  keystoneAuth,
  TokenValidator,
  type TokenValidatorSettings,
  Unauthenticated,
} from '../../src/keystone-auth-middleware/index.js';
import { type Handler, httpDouble } from '../support/http-double.js';
import { replay } from '../support/samples.js';
import { SteppedMachineClock } from '../support/stepped-machine-clock.js';

const issuedAt = Date.parse('2026-11-22T08:30:19Z');

/** Keystone that knows every token named good…, with the answers of a real one. */
const sampleKeystone: Handler = ({ method, headers }) => {
  if (method === 'POST') return replay('keystone-post-auth-tokens');
  if (headers['x-auth-token'] !== 'own-token') return replay('keystone-get-auth-tokens-401');
  return String(headers['x-subject-token']).startsWith('good')
    ? replay('keystone-get-auth-tokens-nocatalog')
    : replay('keystone-get-auth-tokens-404');
};

async function aValidator(
  t: ExecutionContext,
  settings: TokenValidatorSettings = {},
  keystone: Handler = sampleKeystone,
) {
  const http = await httpDouble(keystone);
  t.teardown(() => http.close());
  const clock = new SteppedMachineClock();
  const credentials = { authUrl: http.url, username: 'fenix', password: 'fenix', projectName: 'service' };
  const session = new KeystoneSession(credentials, { timeoutS: 5 }, clock, silentLogger);
  const now = { ms: issuedAt };
  const validator = new TokenValidator(session, settings, clock, () => now.ms);
  const asked = (): number => http.arrived.filter((request) => request.method === 'GET').length;
  return { http, clock, now, validator, asked };
}

test('a valid token becomes an identity, without asking for the catalog', async (t) => {
  const { http, validator } = await aValidator(t);
  t.deepEqual(await validator.validate('good'), {
    userId: '748e0534a20b40a28e23a83b968f2f31',
    userName: 'demo',
    userDomainId: 'default',
    projectId: '7d8cc90991ca4ca79fffc6720affbc67',
    projectName: 'demo',
    projectDomainId: 'default',
    domainId: null,
    systemScope: false,
    roles: ['member', 'reader'],
    isAdminProject: true,
    expiresAt: new Date('2026-11-22T09:30:19Z'),
    accessRules: null,
  });
  t.true(http.arrived.at(-1)?.query.has('nocatalog'));
});

test('a token is asked about once while its answer holds, however many ask at once', async (t) => {
  const { clock, validator, asked } = await aValidator(t, { tokenCacheTimeS: 60 });
  await Promise.all([validator.validate('good'), validator.validate('good'), validator.validate('good')]);
  await validator.validate('good');
  t.is(asked(), 1);
  clock.aheadMs = 61_000;
  await validator.validate('good');
  t.is(asked(), 2);
});

test('a cached answer does not outlive its token', async (t) => {
  const { clock, now, validator, asked } = await aValidator(t);
  now.ms = Date.parse('2026-11-22T09:30:19Z') - 10_000;
  await validator.validate('good');
  clock.aheadMs = 9_000;
  await validator.validate('good');
  t.is(asked(), 1);
  clock.aheadMs = 11_000;
  await validator.validate('good');
  t.is(asked(), 2);
});

test('a refused token is refused from memory for a short while only', async (t) => {
  const { clock, validator, asked } = await aValidator(t, { invalidCacheTimeS: 30 });
  t.is(await validator.validate('bad'), undefined);
  t.is(await validator.validate('bad'), undefined);
  t.is(asked(), 1);
  clock.aheadMs = 31_000;
  await validator.validate('bad');
  t.is(asked(), 2);
  t.is(await validator.validate('with blank'), undefined);
  t.is(await validator.validate('x'.repeat(9000)), undefined);
  t.is(asked(), 2, 'what cannot be a token is not asked about');
});

test('the cache is bounded: the oldest token goes', async (t) => {
  const { validator, asked } = await aValidator(t, { cacheSize: 2 });
  for (const token of ['good1', 'good2', 'good3', 'good3', 'good2']) await validator.validate(token);
  t.is(asked(), 3);
  await validator.validate('good1');
  t.is(asked(), 4);
});

test('an own token that Keystone forgot is renewed; the caller does not notice', async (t) => {
  let forgot = true;
  const { http, validator } = await aValidator(t, {}, (request) => {
    if (request.method === 'POST') return sampleKeystone(request);
    if (!forgot) return sampleKeystone(request);
    forgot = false;
    return replay('keystone-get-auth-tokens-401');
  });
  t.is((await validator.validate('good'))?.userName, 'demo');
  t.is(http.arrived.filter((request) => request.method === 'POST').length, 2);
});

const troubles: readonly [string, Handler][] = [
  ['answers 503', () => replay('nova-503')],
  ['refuses our own password', () => replay('keystone-post-auth-tokens-401')],
  ['is not at its address', () => ({ status: 404, body: {} })],
  ['breaks the connection', () => 'hang-up'],
  ['forbids us to validate', (request) => (request.method === 'POST' ? sampleKeystone(request) : { status: 403 })],
];
for (const [trouble, keystone] of troubles) {
  test(`no token is called invalid while Keystone ${trouble}`, async (t) => {
    const { validator } = await aValidator(t, {}, keystone);
    const error = await t.throwsAsync(validator.validate('good'), { instanceOf: FenixError });
    t.like(error, { kind: 'overload', code: 'keystone-unavailable', retryAfterS: 5 });
  });
}

test('forged and expired JWS tokens are refused before Keystone is asked, new keys are found', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'fenix-jws-'));
  const keys = [1, 2, 3].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  const pem = (index: number): string =>
    keys[index]?.publicKey.export({ type: 'spki', format: 'pem' }).toString() ?? '';
  const sign = (index: number, exp: number): string => {
    const key = keys[index]?.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() ?? '';
    return jwt.sign({ sub: 'user', iat: issuedAt / 1000, exp }, key, { algorithm: 'ES256' });
  };
  await writeFile(join(directory, '1.pem'), pem(0));
  const later = issuedAt / 1000 + 3600;
  const good = [sign(0, later), sign(1, later)];
  const forged = sign(2, later);
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${forged.split('.')[1]}.`;
  const expired = sign(0, issuedAt / 1000 - 60);
  const { validator, asked, clock } = await aValidator(t, { jwsPublicKeysDir: directory }, (request) =>
    good.includes(String(request.headers['x-subject-token']))
      ? replay('keystone-get-auth-tokens-nocatalog')
      : sampleKeystone(request),
  );
  // Together, while the keys are being read for the first time.
  const answers = await Promise.all(
    [forged, unsigned, expired, good[0] ?? ''].map((token) => validator.validate(token)),
  );
  t.deepEqual(
    answers.map((identity) => identity?.userName),
    [undefined, undefined, undefined, 'demo'],
  );
  t.is(asked(), 1);
  t.is((await validator.validate('good-fernet'))?.userName, 'demo', 'other formats go to Keystone');
  t.is(asked(), 2);

  await writeFile(join(directory, '2.pem'), pem(1));
  clock.aheadMs = 20_000;
  t.is((await validator.validate(good[1] ?? ''))?.userName, 'demo', 'keys rotate');
  await rm(directory, { recursive: true });
});

test('without readable keys no JWS token is called forged', async (t) => {
  const empty = await mkdtemp(join(tmpdir(), 'fenix-jws-'));
  t.teardown(() => rm(empty, { recursive: true }));
  for (const jwsPublicKeysDir of [empty, join(empty, 'missing')]) {
    const { validator } = await aValidator(t, { jwsPublicKeysDir });
    t.like(await t.throwsAsync(validator.validate('a.b.c')), { kind: 'overload', code: 'keystone-unavailable' });
    t.is((await validator.validate('good'))?.userName, 'demo');
  }
});

/** An API behind the middleware that tells what it was given. */
async function anApi(
  t: ExecutionContext,
  validate: TokenValidator['validate'],
  settings: Partial<KeystoneAuthSettings> = {},
) {
  const app = express();
  app.use(keystoneAuth({ validator: { validate }, wwwAuthenticateUri: 'https://keystone/v3', ...settings }));
  app.get('/', (req, res) => {
    res.json({ user: identityOf(res).userName, headers: req.headers });
  });
  const onError: ErrorRequestHandler = (error: FenixError, _req, res, _next) => {
    res.status(error instanceof Unauthenticated ? 401 : 503).json({ code: error.code });
  };
  app.use(onError);
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ask = (headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { headers });
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { ask };
}

test('requests pass with an identity and without the headers that could forge one', async (t) => {
  const { validator } = await aValidator(t);
  const api = await anApi(t, (token) => validator.validate(token));
  const forged = {
    'X-User-Id': 'root',
    'X-Roles': 'admin',
    'X-Role': 'admin',
    'X-Project-Id': 'p',
    'X-Tenant-Name': 'p',
    'X-Project-Domain-Name': 'd',
    'X-Identity-Status': 'Confirmed',
    'X-Service-Roles': 'service',
    'X-Is-Admin-Project': 'True',
    'OpenStack-System-Scope': 'all',
  };
  const answer = await api.ask({ ...forged, 'X-Auth-Token': 'good', 'X-Service-Token': 'good', 'X-Other': 'o' });
  const { user, headers } = (await answer.json()) as { user: string; headers: Record<string, string> };
  t.is(user, 'demo');
  for (const name of Object.keys(forged)) t.false(name.toLowerCase() in headers, name);
  t.like(headers, { 'x-service-token': 'good', 'x-other': 'o' });
});

test('Keystone is asked about a token under the id of the request that brought it', async (t) => {
  const { validator, http } = await aValidator(t);
  const requestId = 'req-aaaaaaaa-0000-4000-8000-000000000000';
  const validate: TokenValidator['validate'] = (token, options) => validator.validate(token, options);
  const api = await anApi(t, validate, { requestIdOf: () => requestId });
  t.is((await api.ask({ 'X-Auth-Token': 'good' })).status, 200);
  t.is(http.arrived.at(-1)?.headers['x-openstack-request-id'], requestId);
});

test('without a valid token the API gets an error to word, and the client a challenge', async (t) => {
  const { validator } = await aValidator(t);
  const api = await anApi(t, (token) => validator.validate(token));
  for (const headers of [{}, { 'X-Auth-Token': 'bad' }, { 'X-Auth-Token': '' }]) {
    const answer = await api.ask(headers as Record<string, string>);
    t.is(answer.status, 401);
    t.is(answer.headers.get('www-authenticate'), 'Keystone uri="https://keystone/v3"');
    t.deepEqual(await answer.json(), { code: 'unauthenticated' });
  }
});

test('while Keystone is away the API gets an overload, no challenge', async (t) => {
  const { validator } = await aValidator(t, {}, () => 'hang-up');
  const api = await anApi(t, (token) => validator.validate(token));
  const answer = await api.ask({ 'X-Auth-Token': 'good' });
  t.is(answer.status, 503);
  t.is(answer.headers.get('www-authenticate'), null);
  t.deepEqual(await answer.json(), { code: 'keystone-unavailable' });
});
