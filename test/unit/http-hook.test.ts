import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import httpHook from '../../plugins/actions/http-hook.js';
import { allowedHosts } from '../../src/common/allowed-hosts.js';
import { ManualClock } from '../../src/common/clock.js';
import { Stopped } from '../../src/common/errors.js';
import { schemaProblem } from '../../src/common/schema-problem.js';
import { HookClient, type HookSettings, signatureOf } from '../../src/hooks/signed-calls.js';
import type { ActionContext } from '../../src/workflow/contract.js';
import { actionContext } from '../../src/workflow/testing/action-context.js';
import { CA_FILE, type FileServer, fileServer } from '../support/file-server.js';

const SECRET = 'a secret of enough letters';
const NOW = 1_767_225_600;

interface Called {
  readonly headers: IncomingMessage['headers'];
  /** As it came. */
  readonly text: string;
  readonly body: Record<string, unknown>;
}

/** An answer of the system: status and JSON, `hang-up`, or whatever the story wants. */
type Answer = readonly [status: number, body?: unknown, headers?: Record<string, string>] | 'hang-up' | 'silence';

interface World {
  readonly server: FileServer;
  readonly client: HookClient;
  readonly clock: ManualClock;
  readonly called: Called[];
  /** What was recorded with the run. */
  readonly facts: object[];
  context(given?: Partial<ActionContext>, metadata?: object): ActionContext;
}

/** @param answers one after the other; the last one again and again */
async function aWorld(
  t: ExecutionContext,
  answers: readonly Answer[],
  changes: Partial<HookSettings> = {},
  tls = false,
): Promise<World> {
  const called: Called[] = [];
  const left = [...answers];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = '';
    for await (const chunk of request) text += chunk;
    called.push({ headers: request.headers, text, body: JSON.parse(text) as Record<string, unknown> });
    const next = left.length > 1 ? left.shift() : left[0];
    if (next === 'hang-up') request.socket.destroy();
    else if (next !== 'silence') {
      const [status = 500, body, headers = {}] = next ?? [];
      response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
    }
  };
  const server = await fileServer(t, { '/jobs': (request, response) => void answer(request, response) }, { tls });
  const directory = mkdtempSync(join(tmpdir(), 'fenix-hook-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const secretsFile = join(directory, 'secrets.json');
  writeFileSync(secretsFile, JSON.stringify({ jobs: SECRET, short: 'short' }));
  chmodSync(secretsFile, 0o600);
  const settings = {
    allowedHosts: allowedHosts([server.host]),
    requireHttps: false,
    secretsFile,
    caFile: '',
    timeoutS: 30,
    maxAnswerBytes: 1000,
    ...changes,
  };
  const client = new HookClient(settings, () => NOW);
  t.teardown(() => client.close());
  const clock = new ManualClock();
  const facts: object[] = [];
  return {
    server,
    client,
    clock,
    called,
    facts,
    context: (given = {}, metadata = {}) =>
      actionContext({
        name: 'firmware',
        clock,
        hooks: client.hooks(given.signal ?? new AbortController().signal),
        record: (found) => facts.push(found),
        ...given,
        metadata: { url: `${server.url}/jobs`, secret: 'jobs', ...metadata },
      }),
  };
}

/** Lets domain time pass whenever somebody sleeps for it, until `work` has ended. */
async function passing<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let ended = false;
  const done = work.finally(() => {
    ended = true;
  });
  done.catch(() => undefined);
  while (!ended) {
    await new Promise((resolve) => setImmediate(resolve));
    const due = clock.nextDue();
    if (due !== undefined) clock.advanceTo(due);
  }
  return done;
}

const calls = ({ called }: World): unknown[] => called.map(({ body }) => body.call);
const keys = ({ called }: World): Set<unknown> => new Set(called.map(({ body }) => body.key));

test('work is called for once, asked about until it is done, and its facts are kept', async (t) => {
  const world = await aWorld(t, [
    [200, { status: 'running', poll_after: 30 }],
    [200, { status: 'running' }],
    [200, { status: 'done', facts: { before: '2.18' } }],
  ]);
  const before = world.clock.now();
  const context = world.context({ attempt: 2 }, { parameters: { version: '2.19' } });
  t.is(await passing(world.clock, httpHook.run(context)), 'DONE');
  t.deepEqual(calls(world), ['run', 'status', 'status']);
  t.is(world.clock.now().getTime() - before.getTime(), 40_000, '30 s as the system asked for, then 10');
  t.deepEqual(world.facts, [{ before: '2.18' }]);
  t.is(keys(world).size, 1);
  t.like(world.called[0]?.body, {
    call: 'run',
    session_id: context.sessionId,
    host: 'compute-1',
    type: 'compute',
    name: 'firmware',
    phase: 'run',
    attempt: 2,
    parameters: { version: '2.19' },
    session_metadata: {},
  });
});

test('every call carries a signature over time and body, and its key', async (t) => {
  const world = await aWorld(t, [[200, { status: 'done' }]]);
  await httpHook.run(world.context());
  const [call] = world.called;
  t.is(call?.headers['x-fenix-timestamp'], String(NOW));
  t.is(call?.headers['x-fenix-signature'], signatureOf(SECRET, NOW, call?.text ?? ''));
  t.is(call?.headers['idempotency-key'], call?.body.key as string);
  t.is(call?.headers['content-type'], 'application/json');
  t.false(JSON.stringify(call).includes(SECRET));
  // Computed with OpenSSL: printf '1767225600.{}' | openssl dgst -sha256 -hmac 'a secret of enough letters'
  t.is(signatureOf(SECRET, NOW, '{}'), 'sha256=cdeeabdfd8a39cf5e60a9eaffd323fbd844b57964e4b092a4bf0a34490cdc8ac');
});

test('the key is the same over attempts and engines, and differs by host, name, phase and session', async (t) => {
  const world = await aWorld(t, [[200, { status: 'done' }]]);
  await httpHook.run(world.context());
  await httpHook.run(world.context({ attempt: 7 }));
  t.true(await httpHook.probe(world.context()));
  t.is(keys(world).size, 1);
  await httpHook.run(world.context({ host: 'compute-2' }));
  await httpHook.run(world.context({ name: 'other' }));
  await httpHook.run(world.context({ type: 'host' }));
  await httpHook.run(world.context({ sessionId: '00000000-0000-4000-8000-000000000002' }));
  await httpHook.undo(world.context({ phase: 'undo' }, { calls: ['undo'] }));
  t.is(keys(world).size, 6);
});

test('what may pass is waited out, as long as the system asks for, under the same key', async (t) => {
  const world = await aWorld(t, [
    [503, undefined, { 'Retry-After': '120' }],
    [429, { status: 'failed' }],
    'hang-up',
    [500, 'not even JSON'],
    [200, { status: 'done' }],
  ]);
  const before = world.clock.now();
  t.is(await passing(world.clock, httpHook.run(world.context({}, { poll_interval: 20 }))), 'DONE');
  t.deepEqual(calls(world), Array(5).fill('run'));
  t.is(keys(world).size, 1);
  t.is(world.clock.now().getTime() - before.getTime(), 180_000);
});

test('a system that stays out of reach is given up when the time is over, and says why', async (t) => {
  const away = await aWorld(t, ['hang-up']);
  await t.throwsAsync(passing(away.clock, httpHook.run(away.context({}, { timeout: 60 }))), {
    code: 'hook-unreachable',
    message: /\/jobs cannot be reached: /,
  });
  t.is(away.clock.now().getTime(), new Date('2026-01-01T00:01:00Z').getTime());
  const busy = await aWorld(t, [[503]]);
  await t.throwsAsync(passing(busy.clock, httpHook.run(busy.context({}, { timeout: 60 }))), {
    message: /The system answered 503 until now/,
  });
  const slow = await aWorld(t, [[202]]);
  await t.throwsAsync(passing(slow.clock, httpHook.run(slow.context({}, { timeout: 60 }))), {
    code: 'hook-time-out',
    message: /has not ended run in time/,
  });
});

test('a call that gets no answer ends with its own time', async (t) => {
  const world = await aWorld(t, ['silence'], { timeoutS: 0.2 });
  const { send } = world.client.hooks(new AbortController().signal);
  const { url, secret } = world.context().metadata as { url: string; secret: string };
  await t.throwsAsync(send({ url, secret }, { key: 'k', body: {} }), {
    code: 'hook-unreachable',
    message: /no answer within 0\.2 s/,
  });
});

test('an engine that lets go waits for no answer', async (t) => {
  const world = await aWorld(t, ['silence']);
  const stop = new AbortController();
  const running = httpHook.run(world.context({ signal: stop.signal }));
  running.catch(() => undefined);
  while (world.called.length === 0) await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  await t.throwsAsync(running, { instanceOf: Stopped });
});

const FAILURES: readonly (readonly [what: string, answer: Answer, message: RegExp])[] = [
  ['says that it failed', [200, { status: 'failed', message: 'no image 2.19' }], /The system says: no image 2\.19\./],
  ['says so without a word', [200, { status: 'failed' }], /The system says: run failed\./],
  ['refuses', [403, { message: 'bad signature' }], /The system answered 403: bad signature\./],
  ['knows nothing of it', [404], /The system answered 404\./],
  ['sends somewhere else', [307, undefined, { Location: '/elsewhere' }], /The system answered 307\./],
  ['answers without a status', [200, { ok: true }], /no status that is done, running, failed or unknown/],
  ['answers with an odd status', [200, { status: 'perhaps' }], /no status that is/],
  ['answers with a list', [200, []], /answered with something else than a JSON object/],
  ['answers with a page', [200, '<html>'], /answered with something else than a JSON object/],
  [
    'answers at length',
    [200, { status: 'done', facts: { x: 'x'.repeat(2000) } }],
    /answered with more than 1000 bytes/,
  ],
];
for (const [what, answer, message] of FAILURES) {
  test(`a system that ${what} makes the run a failure at once`, async (t) => {
    const world = await aWorld(t, [answer]);
    await t.throwsAsync(httpHook.run(world.context()), { message });
    t.is(world.called.length, 1);
    t.deepEqual(world.server.asked, ['/jobs']);
  });
}

test('work that the system forgets while it is waited for has failed', async (t) => {
  const world = await aWorld(t, [[202], [404]]);
  await t.throwsAsync(passing(world.clock, httpHook.run(world.context())), {
    message: /it does not know of run any more/,
  });
});

test('after a crash only a done counts; what runs on is called for again under its key', async (t) => {
  const answers: readonly (readonly [Answer, boolean])[] = [
    [[200, { status: 'done' }], true],
    [[204], true],
    [[202], false],
    [[200, { status: 'failed' }], false],
    [[200, { status: 'unknown' }], false],
    [[404], false],
  ];
  for (const [answer, isDone] of answers) {
    const world = await aWorld(t, [answer]);
    t.is(await httpHook.probe(world.context()), isDone, JSON.stringify(answer));
    t.deepEqual(calls(world), ['status']);
  }
});

test('check, verify and undo ask the system if it is said to know them, and otherwise do not', async (t) => {
  const world = await aWorld(t, [[200, { status: 'done' }]]);
  t.true(await httpHook.check(world.context({ phase: 'check' })));
  t.true(await httpHook.verify(world.context()));
  await t.throwsAsync(httpHook.undo(world.context({ phase: 'undo' })), { code: 'hook-no-undo' });
  t.deepEqual(world.called, []);
  const all = { calls: ['check', 'verify', 'undo'] };
  t.true(await httpHook.check(world.context({ phase: 'check' }, all)));
  t.true(await httpHook.verify(world.context({}, all)));
  t.is(await httpHook.undo(world.context({ phase: 'undo' }, all)), 'DONE');
  t.true(await httpHook.verify(world.context({ phase: 'undo' }, all)));
  t.deepEqual(calls(world), ['check', 'verify', 'undo', 'verify']);
  t.is(keys(world).size, 4);
  const no = await aWorld(t, [[200, { status: 'failed', message: 'no room' }]]);
  await t.throwsAsync(httpHook.check(no.context({ phase: 'check' }, all)), { message: /The system says: no room/ });
});

const REFUSED: readonly (readonly [what: string, metadata: object, changes: Partial<HookSettings>, message: RegExp])[] =
  [
    [
      'a host that is not allowed',
      { url: 'http://elsewhere.example/' },
      {},
      /elsewhere\.example is not in \[http_hook\] allowed_hosts/,
    ],
    ['plain http', {}, { requireHttps: true }, /does not begin with https:/],
    ['a user in the URL', { url: 'http://user:word@localhost/' }, {}, /no user and no password/],
    ['what is no URL', { url: 'file:///etc/passwd' }, {}, /is no http:\/\/ or https:\/\/ URL/],
    ['a secret that is not there', { secret: 'other' }, {}, /has no secret "other"/],
    ['a secret of the language', { secret: 'constructor' }, {}, /has no secret "constructor"/],
    ['a short secret', { secret: 'short' }, {}, /fewer than 16 characters/],
    ['no file of secrets', {}, { secretsFile: '' }, /names no file/],
    ['a file of secrets that is missing', {}, { secretsFile: '/nowhere' }, /cannot be read: ENOENT/],
    ['a file that holds no secrets', {}, { secretsFile: CA_FILE }, /cannot be read: it is no JSON/],
  ];
for (const [what, metadata, changes, message] of REFUSED) {
  test(`the pre-flight check refuses ${what}, and nobody is called`, async (t) => {
    const world = await aWorld(t, [[200, { status: 'done' }]], changes);
    await t.throwsAsync(httpHook.check(world.context({ phase: 'check' }, metadata)), { code: 'hook-refused', message });
    await t.throwsAsync(httpHook.run(world.context({}, metadata)), { code: 'hook-refused', message });
    t.deepEqual(world.server.asked, []);
  });
}

test('a system is known by the authority that is configured, and by no other', async (t) => {
  const known = await aWorld(t, [[200, { status: 'done' }]], { caFile: CA_FILE, requireHttps: true }, true);
  t.is(await httpHook.run(known.context()), 'DONE');
  const unknown = await aWorld(t, [[200, { status: 'done' }]], {}, true);
  const running = httpHook.run(unknown.context({}, { timeout: 1 }));
  await t.throwsAsync(passing(unknown.clock, running), { message: /cannot be reached: .*certificate/ });
  t.deepEqual(unknown.called, []);
});

test('the metadata that a request gives is checked by name', (t) => {
  const good = { url: 'https://jobs.example.org/', secret: 'jobs', calls: ['check'], parameters: {}, timeout: 60 };
  t.is(schemaProblem(httpHook.metadataSchema, good), undefined);
  const bad: readonly (readonly [object, string])[] = [
    [{ url: undefined }, 'url'],
    [{ secret: 7 }, 'secret'],
    [{ calls: ['run'] }, 'calls[0]'],
    [{ parameters: [] }, 'parameters'],
    [{ timeout: 86_401 }, 'timeout'],
    [{ poll_interval: 0 }, 'poll_interval'],
    [{ key: 'x' }, 'key'],
  ];
  for (const [patch, field] of bad) {
    const metadata = JSON.parse(JSON.stringify({ ...good, ...patch })) as object;
    t.is(schemaProblem(httpHook.metadataSchema, metadata)?.field, field);
  }
});
