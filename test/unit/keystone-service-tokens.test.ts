import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import express, { type ErrorRequestHandler } from 'express';
import type { FenixError } from '../../src/common/errors.js';
import {
  identityOf,
  type KeystoneAuthSettings,
  keystoneAuth,
  serviceIdentityOf,
  type TokenValidatorSettings,
} from '../../src/keystone-auth-middleware/index.js';
import { KeystoneDouble } from '../support/keystone.js';
import { SteppedMachineClock } from '../support/stepped-machine-clock.js';

const RULES = [
  { service: 'maintenance', method: 'GET', path: '/v1/maintenance/*/{project}' },
  { service: 'maintenance', method: 'PUT', path: '/v1/instance/**' },
  { service: 'compute', method: 'DELETE', path: '/**' },
];
const TOKENS = {
  user: { projectId: 'p', roles: ['member'] },
  ended: { projectId: 'p', roles: ['member'], expired: true },
  nova: { projectId: 'service', roles: ['service', 'admin'] },
  noService: { projectId: 'service', roles: ['admin'] },
  restricted: { projectId: 'p', roles: ['member'], accessRules: RULES },
  nothing: { projectId: 'p', roles: ['member'], accessRules: [] },
};

/** An application behind the middleware, that says who was let in. */
async function anApp(
  t: ExecutionContext,
  settings: Partial<KeystoneAuthSettings> = {},
  validating: TokenValidatorSettings = { serviceType: 'maintenance' },
) {
  const keystone = await KeystoneDouble.start(t, TOKENS);
  const app = express();
  const parts = { validator: keystone.validator(validating), wwwAuthenticateUri: 'https://k/v3' };
  app.use('/v1', keystoneAuth({ ...parts, serviceType: 'maintenance', ...settings }), (_req, res) => {
    res.json({ user: identityOf(res).userName, service: serviceIdentityOf(res)?.userName });
  });
  const onError: ErrorRequestHandler = (error: FenixError, _req, res, _next) => {
    res.status(error.code === 'unauthenticated' ? 401 : 500).json({ sentence: error.message });
  };
  app.use(onError);
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = async (token: string, service?: string, method = 'GET', path = '/v1/x') => {
    const headers = { 'X-Auth-Token': token, ...(service !== undefined && { 'X-Service-Token': service }) };
    const answer = await fetch(base + path, { method, headers });
    return { status: answer.status, challenge: answer.headers.get('www-authenticate'), body: await answer.json() };
  };
  return { keystone, ask };
}

test('a service may bring a token that ended meanwhile, nobody else', async (t) => {
  const { keystone, ask } = await anApp(t);
  t.is((await ask('ended')).status, 401);
  t.deepEqual((await ask('ended', 'nova')).body, { user: 'ended', service: 'nova' });
  t.deepEqual((await ask('user', 'nova')).body, { user: 'user', service: 'nova' });
  t.is((await ask('ended', 'noService')).status, 401, 'the role makes a service');
  t.is((await ask('ended')).status, 401, 'what a service was told holds for services alone');
  t.true(keystone.asked.some((line) => line.includes('allow_expired=1')));
});

test('a service token that is not valid makes the request invalid; one without the role means nothing', async (t) => {
  const { ask } = await anApp(t);
  const forged = await ask('user', 'forged');
  t.is(forged.status, 401);
  t.is(forged.challenge, 'Keystone uri="https://k/v3"');
  t.is((await ask('user', 'ended')).status, 401, 'a service token must hold');
  t.deepEqual((await ask('user', 'noService')).body, { user: 'user' });
  const strict = await anApp(t, { serviceTokenRolesRequired: true });
  t.is((await strict.ask('user', 'noService')).status, 401);
  const others = await anApp(t, { serviceTokenRoles: ['admin'] });
  t.deepEqual((await others.ask('ended', 'noService')).body, { user: 'ended', service: 'noService' });
});

test('access rules of an application credential are kept to, by type, method and path', async (t) => {
  const { ask } = await anApp(t);
  const cases: [method: string, path: string, status: number][] = [
    ['GET', '/v1/maintenance/s/p', 200],
    ['GET', '/v1/maintenance/s/p?x=1', 200],
    ['GET', '/v1/maintenance/s', 401],
    ['GET', '/v1/maintenance/s/p/i', 401],
    ['GET', '/v1/maintenance//p', 401],
    ['PUT', '/v1/maintenance/s/p', 401],
    ['PUT', '/v1/instance/i', 200],
    ['PUT', '/v1/instance/i/j/k', 200],
    ['PUT', '/v1/instances', 401],
    ['DELETE', '/v1/maintenance/s/p', 401],
  ];
  for (const [method, path, status] of cases) {
    t.is((await ask('restricted', undefined, method, path)).status, status, `${method} ${path}`);
  }
  t.is((await ask('nothing')).status, 401);
  t.is((await ask('nothing', 'nova')).status, 200, 'a service passes on what the user may not ask for itself');
});

test('in a cloud whose catalog has no such service, a token with access rules is good for nothing', async (t) => {
  const { keystone, ask } = await anApp(t, { serviceType: 'other' }, { serviceType: 'other' });
  t.is((await ask('restricted', undefined, 'PUT', '/v1/instance/i')).status, 401);
  t.is((await ask('user')).status, 200);
  t.is(keystone.asked.filter((line) => !line.includes('nocatalog')).length, 1, 'the catalog is asked for when needed');
});

test('a remembered token is forgotten when Keystone says that it was revoked', async (t) => {
  const keystone = await KeystoneDouble.start(t, { ...TOKENS, other: { projectId: 'q', roles: ['member'] } });
  const clock = new SteppedMachineClock();
  const validator = keystone.validator({ revocationIntervalS: 10 }, clock);
  const questions = (): number => keystone.asked.filter((line) => line.includes('/auth/tokens')).length;
  const isValid = async (token: string) => (await validator.validate(token)) !== undefined;
  t.true((await isValid('user')) && (await isValid('other')));
  keystone.revoked.add('user');
  keystone.events = [{ audit_id: 'audit-user', issued_before: '2026-01-01T12:00:00.000000Z' }];
  t.true(await isValid('user'), 'remembered');
  clock.aheadMs = 11_000;
  const together = await Promise.all([isValid('user'), isValid('user'), isValid('other')]);
  t.deepEqual(together, [false, false, true]);
  t.is(keystone.asked.filter((line) => line.includes('OS-REVOKE')).length, 1);
  t.is(questions(), 3, 'other tokens stay remembered');

  keystone.events = [{ project_id: 'q', issued_before: '2025-12-31T00:00:00.000000Z' }];
  clock.aheadMs = 22_000;
  t.true(await isValid('other'));
  t.is(questions(), 3, 'it was issued after that');
  keystone.events = [{ project_id: 'q', issued_before: '2026-01-01T12:00:00.000000Z' }];
  clock.aheadMs = 33_000;
  t.true(await isValid('other'));
  t.is(questions(), 4, 'in doubt Keystone is asked again');
});

test('a Keystone that tells nobody what it revoked is not asked over and over', async (t) => {
  const keystone = await KeystoneDouble.start(t, TOKENS);
  const clock = new SteppedMachineClock();
  const validator = keystone.validator({ revocationIntervalS: 10, tokenCacheTimeS: 10_000 }, clock);
  keystone.events = undefined;
  for (const s of [0, 11, 22, 33]) {
    clock.aheadMs = s * 1000;
    t.is((await validator.validate('user'))?.userName, 'user');
  }
  t.true(keystone.asked.filter((line) => line.includes('OS-REVOKE')).length === 1);
});
