import test, { type ExecutionContext } from 'ava';
import type { MachineClock } from '../../src/common/clock.js';
import { SystemMachineClock } from '../../src/common/clock.js';
import { withRequestId } from '../../src/common/context.js';
import { FenixError, Stopped } from '../../src/common/errors.js';
import { withLastCheck } from '../../src/common/last-check.js';
import { silentLogger } from '../../src/common/logger.js';
import { KeystoneSession, type KeystoneSessionSettings } from '../../src/keystone-auth-middleware/index.js';
import { type Arrived, type Handler, httpDouble, type Reply } from '../support/http-double.js';

const credentials = { username: 'fenix', password: 'secret', projectName: 'service' };

/** Monotonic time that a test moves; its sleeps are real and short. */
class SteppedMachineClock extends SystemMachineClock implements MachineClock {
  aheadMs = 0;
  override monotonicMs(): number {
    return super.monotonicMs() + this.aheadMs;
  }
}

function tokenReply(id: string, endpoints: Record<string, string>): Reply {
  const catalog = Object.entries(endpoints).map(([type, url]) => ({
    type,
    endpoints: [
      { interface: 'internal', region_id: 'one', url: `${url}/internal` },
      { interface: 'public', region_id: 'two', url: `${url}/two` },
      { interface: 'public', region_id: 'one', url: `${url}/` },
    ],
  }));
  const token = {
    user: { id: 'u1', name: 'fenix', domain: { id: 'default' } },
    project: { id: 'p1', name: 'service', domain: { id: 'default' } },
    roles: [{ name: 'admin' }],
    issued_at: '2026-01-01T00:00:00.000000Z',
    expires_at: '2026-01-01T01:00:00.000000Z',
    catalog,
  };
  return { status: 201, headers: { 'X-Subject-Token': id }, body: { token } };
}

/** Keystone and one service of type compute on one server; `service` answers all but authentication. */
async function aCloud(t: ExecutionContext, service: Handler, settings: KeystoneSessionSettings = {}, suffix = '') {
  let issued = 0;
  const http = await httpDouble((request) => {
    if (request.path !== '/v3/auth/tokens') return service(request);
    issued += 1;
    return tokenReply(`token-${issued}`, { compute: `${http.url}/compute`, alarm: `${http.url}/alarm` });
  });
  t.teardown(() => http.close());
  const clock = new SteppedMachineClock();
  const authUrl = `${http.url}${suffix}`;
  const session = new KeystoneSession({ ...credentials, authUrl }, { region: 'one', ...settings }, clock, silentLogger);
  const asked = (path: string): Arrived[] => http.arrived.filter((request) => request.path === path);
  return { http, session, clock, authentications: () => asked('/v3/auth/tokens'), asked };
}

const get = { serviceType: 'compute', path: '/servers' };
const post = { ...get, method: 'POST' as const, body: { a: 1 } };

test('concurrent callers share one authentication and one token', async (t) => {
  const cloud = await aCloud(t, () => ({ body: { servers: [] } }));
  const answers = await Promise.all([1, 2, 3, 4].map(() => cloud.session.request(get)));
  t.deepEqual(answers[0]?.body, { servers: [] });
  t.is(cloud.authentications().length, 1);
  t.deepEqual(
    cloud.asked('/compute/servers').map((request) => request.headers['x-auth-token']),
    ['token-1', 'token-1', 'token-1', 'token-1'],
  );
  t.is(await cloud.session.projectId(), 'p1');
  t.is(await cloud.session.userId(), 'u1');
});

test('the password request names domains by id or name, also for an auth_url that ends in /v3/', async (t) => {
  const cloud = await aCloud(t, () => ({}), {}, '/v3/');
  await cloud.session.projectId();
  t.deepEqual(cloud.authentications()[0]?.body, {
    auth: {
      identity: {
        methods: ['password'],
        password: { user: { name: 'fenix', domain: { id: 'default' }, password: 'secret' } },
      },
      scope: { project: { name: 'service', domain: { id: 'default' } } },
    },
  });
  const byName = new KeystoneSession(
    { authUrl: cloud.http.url, userId: 'u', password: 'x', projectName: 'p', projectDomainName: 'Default' },
    {},
    cloud.clock,
    silentLogger,
  );
  await byName.projectId();
  t.like(cloud.authentications()[1]?.body, {
    auth: {
      identity: { password: { user: { id: 'u', password: 'x' } } },
      scope: { project: { name: 'p', domain: { name: 'Default' } } },
    },
  });
});

test('a token near its end is renewed behind the scenes, one that has ended before the request', async (t) => {
  const cloud = await aCloud(t, () => ({}), { renewBeforeS: 600 });
  await cloud.session.request(get);
  cloud.clock.aheadMs = 51 * 60_000;
  await cloud.session.request(get);
  t.is(cloud.asked('/compute/servers').at(-1)?.headers['x-auth-token'], 'token-1', 'nobody waited');
  // The renewal under way is shared with whoever asks next, so this settles it without a wait of its own.
  while (cloud.asked('/compute/servers').at(-1)?.headers['x-auth-token'] === 'token-1')
    await cloud.session.request(get);
  t.is(cloud.authentications().length, 2);
  cloud.clock.aheadMs += 61 * 60_000;
  await cloud.session.request(get);
  t.is(cloud.asked('/compute/servers').at(-1)?.headers['x-auth-token'], 'token-3');
});

test('a 401 brings a new token and the request again, once', async (t) => {
  const cloud = await aCloud(t, (request) =>
    request.headers['x-auth-token'] === 'token-1' ? { status: 401 } : { body: { fine: true } },
  );
  const answers = await Promise.all([cloud.session.request(post), cloud.session.request(post)]);
  t.deepEqual(answers[1]?.body, { fine: true });
  t.is(cloud.authentications().length, 2, 'both callers shared the renewal');

  const deaf = await aCloud(t, () => ({ status: 401, body: { error: { message: 'Who are you?' } } }));
  const error = await t.throwsAsync(deaf.session.request(get), { instanceOf: FenixError });
  t.like(error, { kind: 'denied', code: 'cloud-denied', status: 401 });
  t.regex(error?.message ?? '', /Who are you\?/);
  t.is(deaf.asked('/compute/servers').length, 2);
});

test('an endpoint is found by type, interface and region; an override goes before the catalog', async (t) => {
  const cloud = await aCloud(t, () => ({}), { endpointOverrides: { placement: 'http://elsewhere/placement/' } });
  const { session, http } = cloud;
  t.is(await session.endpoint({ serviceType: 'placement' }), 'http://elsewhere/placement');
  t.is(cloud.authentications().length, 0);
  t.is(await session.endpoint({ serviceType: 'compute' }), `${http.url}/compute`);
  t.is(await session.endpoint({ serviceType: 'compute', interface: 'internal' }), `${http.url}/compute/internal`);
  t.is(await session.endpoint({ serviceType: 'compute', region: 'two' }), `${http.url}/compute/two`);
  t.is(await session.endpoint({ serviceType: 'alarming' }), `${http.url}/alarm`, 'by its other type');
  t.is(await session.endpoint({ serviceType: 'identity' }), `${http.url}/v3`);
  await t.throwsAsync(session.endpoint({ serviceType: 'network' }), { message: /no public endpoint of type network/ });
});

test('query, microversion, request id and own headers go out', async (t) => {
  const cloud = await aCloud(t, () => ({ status: 204 }));
  const answer = await cloud.session.request({
    ...get,
    query: { all_tenants: 1, name: undefined, status: ['A', 'B c'] },
    microversion: { service: 'compute', major: 2, minor: 100 },
    requestId: 'req-1',
    headers: { 'X-Subject-Token': 't' },
  });
  t.is(answer.body, undefined);
  const seen = cloud.asked('/compute/servers')[0];
  t.is(seen?.query.toString(), 'all_tenants=1&status=A&status=B+c');
  t.like(seen?.headers, {
    'openstack-api-version': 'compute 2.100',
    'x-openstack-request-id': 'req-1',
    'x-subject-token': 't',
  });
});

const html = '<html><h1>503 Service Unavailable</h1>The Keystone service\nis away.</html>';
const refusals: readonly [Reply, boolean, object, RegExp][] = [
  [
    { status: 400, body: { badRequest: { message: 'Bad host' } } },
    true,
    { kind: 'input', code: 'cloud-refused' },
    /Bad host/,
  ],
  [{ status: 403, body: {} }, true, { kind: 'denied' }, /no explanation/],
  [{ status: 404, body: { errors: [{ detail: 'No such provider' }] } }, false, { kind: 'missing' }, /No such provider/],
  [{ status: 409, body: { conflictingRequest: { message: 'in task' } } }, true, { kind: 'conflict' }, /in task/],
  [{ status: 429, headers: { 'Retry-After': '7' } }, true, { kind: 'overload', retryAfterS: 7, inDoubt: false }, /429/],
  [{ status: 413 }, true, { kind: 'input' }, /413/],
  [{ status: 413, headers: { 'Retry-After': '3' } }, true, { kind: 'overload', retryAfterS: 3 }, /413/],
  [{ status: 503, body: html }, true, { kind: 'overload', inDoubt: false }, /The Keystone service is away\./],
  [{ status: 504, body: 'x' }, true, { kind: 'transient', code: 'cloud-failed', inDoubt: true }, /504/],
  [
    { status: 500, body: { error_message: { faultstring: 'Oops' } } },
    false,
    { kind: 'transient', inDoubt: false },
    /Oops/,
  ],
  [
    { status: 302, headers: { Location: 'http://127.0.0.1:1/' } },
    false,
    { kind: 'terminal', code: 'cloud-redirected' },
    /302/,
  ],
];
for (const [reply, writes, expected, sentence] of refusals) {
  const title = `${reply.status} to a ${writes ? 'write' : 'read'} is ${JSON.stringify(expected)}, with the sentence`;
  test(`${title} ${sentence}`, async (t) => {
    const cloud = await aCloud(t, () => reply);
    const error = await t.throwsAsync(cloud.session.request(writes ? post : get), { instanceOf: FenixError });
    t.like(error, { status: reply.status, ...expected });
    t.regex(error?.message ?? '', sentence);
  });
}

test('a lost connection and a time-out leave a write in doubt, never a read', async (t) => {
  const broken = await aCloud(t, () => 'hang-up');
  const lost = { kind: 'transient', code: 'cloud-connection-lost' };
  t.like(await t.throwsAsync(broken.session.request(post)), { ...lost, inDoubt: true });
  t.like(await t.throwsAsync(broken.session.request(get)), { ...lost, inDoubt: false });

  const silent = await aCloud(t, () => 'silence');
  const late = { kind: 'transient', code: 'cloud-timeout' };
  t.like(await t.throwsAsync(silent.session.request({ ...post, timeoutMs: 5 })), { ...late, inDoubt: true });
  t.like(await t.throwsAsync(silent.session.request({ ...get, timeoutMs: 5 })), { ...late, inDoubt: false });
});

test('a refused connection leaves nothing in doubt', async (t) => {
  const gone = await httpDouble(() => ({}));
  await gone.close();
  const cloud = await aCloud(t, () => ({}), { endpointOverrides: { compute: gone.url } });
  const error = await t.throwsAsync(cloud.session.request(post), { instanceOf: FenixError });
  t.like(error, { kind: 'transient', code: 'cloud-unreachable', inDoubt: false });
});

test('where Keystone is not reached it is said which address, why, and what to look after', async (t) => {
  const gone = await httpDouble(() => ({}));
  await gone.close();
  const session = new KeystoneSession(
    { ...credentials, authUrl: gone.url },
    {},
    new SystemMachineClock(),
    silentLogger,
  );
  const error = await t.throwsAsync(session.authToken(), { instanceOf: FenixError, code: 'cloud-unreachable' });
  t.regex(
    error?.message ?? '',
    /^Keystone gives no token: POST http:\/\/127\.0\.0\.1:\d+\/v3\/auth\/tokens cannot be reached: the connection was refused, so nothing listens there \(.*\); check that it is up, and that auth_url is its address$/,
  );
});

test('an answer without an end is given up, and not kept', async (t) => {
  let givenUp = 0;
  const piece = new Uint8Array(2 ** 20).fill(0x20);
  const endless = (): Response => {
    const body = new ReadableStream<Uint8Array>({
      pull: (stream) => stream.enqueue(piece),
      cancel: () => {
        givenUp += 1;
      },
    });
    return new Response(body, { status: 201, headers: { 'Content-Type': 'application/json' } });
  };
  const session = new KeystoneSession(
    { ...credentials, authUrl: 'http://keystone.example.com/v3' },
    { fetch: async () => endless() },
    new SystemMachineClock(),
    silentLogger,
  );
  const error = await t.throwsAsync(session.authToken(), { instanceOf: FenixError, code: 'cloud-bad-answer' });
  t.regex(error?.message ?? '', /\/v3\/auth\/tokens answered with more than 64 MiB, which is not read/);
  t.is(givenUp, 1);
});

test('broken JSON in a success is an error of its own', async (t) => {
  const cloud = await aCloud(t, () => ({ headers: { 'Content-Type': 'application/json' }, body: '{"servers": [' }));
  t.like(await t.throwsAsync(cloud.session.request(get)), { kind: 'transient', code: 'cloud-bad-answer' });
});

test('who is stopped while Keystone is silent does not wait for it', async (t) => {
  const keystone = await httpDouble(() => 'silence');
  t.teardown(() => keystone.close());
  const session = new KeystoneSession(
    { ...credentials, authUrl: keystone.url },
    {},
    new SystemMachineClock(),
    silentLogger,
  );
  const abort = new AbortController();
  const asked = session.request({ ...get, signal: abort.signal });
  abort.abort();
  await t.throwsAsync(asked, { instanceOf: Stopped });
});

test('wrong credentials are told apart from what the service would say', async (t) => {
  const keystone = await httpDouble(() => ({ status: 404, body: { error: { message: 'Not found' } } }));
  t.teardown(() => keystone.close());
  const session = new KeystoneSession(
    { ...credentials, authUrl: keystone.url },
    {},
    new SystemMachineClock(),
    silentLogger,
  );
  const error = await t.throwsAsync(session.request(get), { instanceOf: FenixError });
  t.like(error, { kind: 'denied', code: 'authentication-failed', status: undefined });
});

test('no more requests than allowed are under way to a service, and an aborted one stops waiting', async (t) => {
  const held: (() => void)[] = [];
  let arrival: () => void = () => {};
  const cloud = await aCloud(
    t,
    async () => {
      await new Promise<void>((resolve) => {
        held.push(resolve);
        arrival();
      });
      return {};
    },
    { maxConcurrent: 2 },
  );
  const heldAre = (count: number): Promise<void> =>
    new Promise((resolve) => {
      arrival = () => {
        if (held.length === count) resolve();
      };
      arrival();
    });
  const all = [1, 2, 3].map(() => cloud.session.request(get));
  await heldAre(2);

  const abort = new AbortController();
  const waiting = cloud.session.request({ ...get, signal: abort.signal });
  const inFlight = cloud.session.request({ serviceType: 'alarm', path: '/', signal: abort.signal });
  await heldAre(3);
  abort.abort();
  await t.throwsAsync(waiting, { instanceOf: Stopped });
  await t.throwsAsync(inFlight, { instanceOf: Stopped });
  t.is(cloud.asked('/compute/servers').length, 2, 'the third waits, the fourth never went');

  held.shift()?.();
  await heldAre(3);
  for (const release of held) release();
  await Promise.all(all);
  t.is(cloud.asked('/compute/servers').length, 3);
});

test('what is done on behalf of a request says so to the cloud, unless its id is none', async (t) => {
  const cloud = await aCloud(t, () => ({ body: {} }));
  const sent = async (id: string): Promise<unknown> => {
    await withRequestId(id, () => cloud.session.request(get));
    return cloud.asked('/compute/servers').at(-1)?.headers['x-openstack-request-id'];
  };
  const id = 'req-0e0f0b9c-5a48-4b1f-9a3e-3f2a3f6d8a11';
  t.is(await sent(id), id);
  t.is(await sent('req-1'), undefined);
  await withRequestId(id, () => cloud.session.request({ ...get, requestId: 'req-own' }));
  t.is(cloud.asked('/compute/servers').at(-1)?.headers['x-openstack-request-id'], 'req-own');
  await cloud.session.request(get);
  t.is(cloud.asked('/compute/servers').at(-1)?.headers['x-openstack-request-id'], undefined);
});

test('what a last check refuses is not sent, be it after a wait for a new token; reads are', async (t) => {
  let refuses = false;
  const cloud = await aCloud(t, ({ headers }) => {
    refuses = headers['x-auth-token'] === 'token-1';
    return { status: refuses ? 401 : 200, body: {} };
  });
  const check = (): void => {
    if (refuses) throw new FenixError('conflict', 'too-late', 'Not any more.');
  };
  const sent = (): number => cloud.asked('/compute/servers').length;
  await t.throwsAsync(
    withLastCheck(check, () => cloud.session.request(post)),
    { code: 'too-late' },
  );
  t.is(sent(), 1);
  refuses = true;
  await withLastCheck(check, () => cloud.session.request(get));
  t.is(sent(), 2);
});
