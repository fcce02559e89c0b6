import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import nock from 'nock';
import { ScaledClock, SystemMachineClock } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import { silentLogger } from '../../src/common/logger.js';
import {
  type KeystoneCredentials,
  KeystoneSession,
  type KeystoneSessionSettings,
} from '../../src/keystone-auth-middleware/index.js';
import { generateTopology, startSimulator } from '../../src/simulator/index.js';
import { replay } from '../support/samples.js';

const clock = new SystemMachineClock();

function sessionOf(credentials: KeystoneCredentials, settings: KeystoneSessionSettings = {}): KeystoneSession {
  return new KeystoneSession(credentials, settings, clock, silentLogger);
}

const TOKEN = replay('keystone-post-auth-tokens');

const BODIES: readonly [string, Record<string, string | boolean>, object][] = [
  [
    'a password and a project',
    { username: 'u', password: 'p', userDomainName: 'Default', projectName: 'service', projectDomainId: 'd' },
    {
      identity: {
        methods: ['password'],
        password: { user: { name: 'u', domain: { name: 'Default' }, password: 'p' } },
      },
      scope: { project: { name: 'service', domain: { id: 'd' } } },
    },
  ],
  [
    'a password and the system',
    { userId: 'u', password: 'p', systemScope: true },
    {
      identity: { methods: ['password'], password: { user: { id: 'u', password: 'p' } } },
      scope: { system: { all: true } },
    },
  ],
  [
    'a token',
    { token: 't', projectId: 'x' },
    { identity: { methods: ['token'], token: { id: 't' } }, scope: { project: { id: 'x' } } },
  ],
  [
    "an application credential's id, without a scope of its own",
    { applicationCredentialId: 'a', applicationCredentialSecret: 's' },
    { identity: { methods: ['application_credential'], application_credential: { id: 'a', secret: 's' } } },
  ],
  [
    "an application credential's name and its user",
    { applicationCredentialName: 'n', username: 'u', applicationCredentialSecret: 's' },
    {
      identity: {
        methods: ['application_credential'],
        application_credential: { name: 'n', user: { name: 'u', domain: { id: 'default' } }, secret: 's' },
      },
    },
  ],
];
for (const [index, [how, credentials, auth]] of BODIES.entries()) {
  test(`Keystone is asked for a token with ${how}`, async (t) => {
    const authUrl = `http://keystone-${index}.example.com`;
    const asked = nock(authUrl)
      .post('/v3/auth/tokens', (body) => t.deepEqual(body, { auth }))
      .reply(201, TOKEN.body as object, TOKEN.headers);
    await sessionOf({ authUrl, ...credentials } as unknown as KeystoneCredentials).identity();
    t.true(asked.isDone());
  });
}

test('a token that was given is no better than it is: once refused, nothing can be renewed', async (t) => {
  const topology = generateTopology({ hosts: 2, instances: 1, projects: 1, seed: 1 });
  const simulator = await startSimulator({ topology, clock: new ScaledClock(), logger: silentLogger });
  t.teardown(() => simulator.stop());
  const { authUrl } = simulator;
  const admin = sessionOf({ authUrl, ...simulator.adminCredentials });
  const token = await admin.authToken();
  const session = sessionOf({ authUrl, token, projectName: 'admin' });
  t.is((await session.identity()).expiresAt.getTime(), (await admin.identity()).expiresAt.getTime());
  const revoke = (id: string) =>
    admin.request({
      serviceType: 'identity',
      method: 'DELETE',
      path: '/auth/tokens',
      headers: { 'X-Subject-Token': id },
    });
  await revoke(await session.authToken());
  const list = { serviceType: 'identity', path: '/projects' };
  t.is((await session.request(list)).status, 200, 'renewed by the token that was given');
  await revoke(await session.authToken());
  await revoke(token);
  t.like(await t.throwsAsync(session.request(list)), { kind: 'denied', code: 'authentication-failed' });
});

test('the first interface of a list that the catalog has is used, per service where it differs', async (t) => {
  const authUrl = 'http://keystone-list.example.com';
  const token = (TOKEN.body as { token: object }).token;
  const endpoint = (type: string, side: string, region: string) => ({
    interface: side,
    region_id: region,
    url: `http://${type}.${side}.${region}`,
  });
  const catalog = ['compute', 'placement'].map((type) => ({
    type,
    endpoints: [endpoint(type, 'admin', 'one'), endpoint(type, 'public', 'one'), endpoint(type, 'public', 'two')],
  }));
  nock(authUrl)
    .post('/v3/auth/tokens')
    .reply(201, { token: { ...token, catalog } }, TOKEN.headers);
  const session = sessionOf(
    { authUrl, username: 'u', password: 'p', projectName: 'service' },
    { interface: ['internal', 'public'], region: 'one', byService: { placement: { region: 'two' } } },
  );
  t.is(await session.endpoint({ serviceType: 'compute' }), 'http://compute.public.one');
  t.is(await session.endpoint({ serviceType: 'placement' }), 'http://placement.public.two');
  await t.throwsAsync(session.endpoint({ serviceType: 'alarming' }), {
    message: 'The catalog has no internal or public endpoint of type alarming in region one',
  });
});

/** A file of test/fixtures/tls. */
function tlsFile(name: string): string {
  return fileURLToPath(new URL(`../../../test/fixtures/tls/${name}`, import.meta.url));
}

/** A Keystone behind TLS that gives tokens; it wants a client certificate if `mutual`. */
async function aTlsKeystone(t: ExecutionContext, mutual = false): Promise<string> {
  const read = (name: string): Buffer => readFileSync(tlsFile(name));
  const options = { cert: read('server.pem'), key: read('server.key'), ca: read('ca.pem') };
  const server = createServer({ ...options, requestCert: mutual, rejectUnauthorized: mutual }, (request, response) => {
    request.resume().on('end', () => {
      response.writeHead(201, { 'X-Subject-Token': 'id', 'Content-Type': 'application/json' });
      response.end(JSON.stringify(TOKEN.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `https://localhost:${(server.address() as AddressInfo).port}/v3`;
}

test('an authority of the file given is trusted, another is not, unless nothing is checked', async (t) => {
  const authUrl = await aTlsKeystone(t);
  const credentials = { authUrl, username: 'u', password: 'p', projectName: 'service' };
  const login = (tls?: KeystoneSessionSettings['tls']) => sessionOf(credentials, tls && { tls }).authToken();
  t.is(await login({ caFile: tlsFile('ca.pem') }), 'id');
  t.is(await login({ insecure: true }), 'id');
  for (const tls of [undefined, { caFile: tlsFile('other-ca.pem') }]) {
    const error = await t.throwsAsync(login(tls), { instanceOf: FenixError });
    t.like(error, { kind: 'transient', code: 'cloud-unreachable', inDoubt: false });
    t.regex(error?.message ?? '', /certificate is not trusted/);
  }
});

test('a certificate of our own is shown where one is asked for', async (t) => {
  const authUrl = await aTlsKeystone(t, true);
  const credentials = { authUrl, username: 'u', password: 'p', projectName: 'service' };
  const caFile = tlsFile('ca.pem');
  const own = { caFile, certFile: tlsFile('client.pem'), keyFile: tlsFile('client.key') };
  t.is(await sessionOf(credentials, { tls: own }).authToken(), 'id');
  await t.throwsAsync(sessionOf(credentials, { tls: { caFile } }).authToken(), { instanceOf: FenixError });
});

test('a file of certificates that is not there is refused by the name of its option', (t) => {
  const credentials = { authUrl: 'https://k', username: 'u', password: 'p', projectName: 'service' };
  const refuse = () => sessionOf(credentials, { tls: { caFile: '/nonexistent.pem' } });
  t.throws(refuse, { instanceOf: FenixError, message: /^Option cafile: ENOENT.*\/nonexistent\.pem/ });
});
