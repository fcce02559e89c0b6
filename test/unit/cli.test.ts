import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parse } from 'yaml';
import { resolveCloud } from '../../src/cli/auth/cloud.js';
import { UsageError } from '../../src/cli/exit-codes.js';
import { withReference } from '../../src/cli/reference.js';
import { cli } from '../support/cli.js';
import { type Arrived, type Handler, type HttpDouble, httpDouble } from '../support/http-double.js';
import { aDirectory } from '../support/program.js';

const HOSTILE = 'host\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e\u2028\u2066\r\nnext';
const UNSAFE = /[\p{Cf}\p{Cc}\u2028\u2029]/u;
/** As it is shown on one line. */
const SHOWN = 'host\\u001b]0;owned\\u0007\\u001b[2J\\u009b31m\\u202e\\u2028\\u2066 next';
const CREATED = { maintenance_at: '2026-01-01 00:00:00' };

/** A Fenix that answers as a test says, and what `fenix` needs to find it without Keystone. */
async function aFenix(t: ExecutionContext, handler: Handler) {
  const http = await httpDouble(handler);
  t.teardown(() => http.close());
  const env = { OS_TOKEN: 'opensesame', OS_MAINTENANCE_ENDPOINT_OVERRIDE: `${http.url}/v1` };
  return { http, env, fenix: (...args: string[]) => cli(args, { env }) };
}

/** Keystone and Fenix in one, whose tokens are t1, t2 and so on; Fenix takes those that `isGood` says. */
function aCloud(url: () => string, isGood: (token: string) => boolean): Handler {
  let tokens = 0;
  return (request) => {
    if (request.path === '/v3/auth/tokens') {
      tokens += 1;
      return { status: 201, headers: { 'X-Subject-Token': `t${tokens}` }, body: { token: tokenBody(url()) } };
    }
    if (!isGood(String(request.headers['x-auth-token']))) return refusal(401, 'unauthenticated', 'No valid token.');
    return { body: { sessions: [], next: null } };
  };
}

function tokenBody(url: string): object {
  const endpoints = [
    { interface: 'internal', region: 'north', url: 'http://127.0.0.1:1/v1' },
    { interface: 'public', region: 'south', url: `${url}/v1` },
  ];
  return {
    user: { id: 'u', name: 'u', domain: { id: 'default' } },
    project: { id: 'p', name: 'p', domain: { id: 'default' } },
    issued_at: '2026-01-01T00:00:00Z',
    expires_at: '2026-01-01T01:00:00Z',
    catalog: [{ type: 'maintenance', endpoints }],
  };
}

function refusal(status: number, code: string, error: string): { status: number; body: object } {
  return { status, body: { error, code, status, request_id: 'req-1' } };
}

async function keystoneCloud(t: ExecutionContext, isGood: (token: string) => boolean): Promise<HttpDouble> {
  const http: HttpDouble = await httpDouble((request: Arrived) => handler(request));
  const handler = aCloud(() => http.url, isGood);
  t.teardown(() => http.close());
  return http;
}

test('names and messages from the server reach the terminal as text, in every format', async (t) => {
  const session = { session_id: HOSTILE, state: 'MAINTENANCE', workflow: 'x', maintenance_at: '', percent_done: 1 };
  const { fenix } = await aFenix(t, ({ path }) => {
    if (path.endsWith('/maintenance')) return { body: { sessions: [session], next: null } };
    return refusal(422, 'host-state', `Host ${HOSTILE} is done.`);
  });
  for (const format of ['table', 'json', 'yaml', 'value', 'csv']) {
    const { out, code } = await fenix('session', 'list', '-f', format);
    t.is(code, 0);
    t.false(UNSAFE.test(out.replaceAll('\n', '')), `${format}: ${JSON.stringify(out)}`);
    if (format !== 'json' && format !== 'yaml') t.true(out.includes(SHOWN), `${format}: ${out}`);
  }
  const [inJson] = JSON.parse((await fenix('session', 'list', '-f', 'json')).out);
  const [inYaml] = parse((await fenix('session', 'list', '-f', 'yaml')).out);
  t.is(inJson.session_id, HOSTILE, 'nothing is lost for programs');
  t.is(inYaml.session_id, HOSTILE);
  const refused = await fenix('host', 'skip', 's', 'h', '--debug');
  t.is(refused.code, 1);
  t.false(UNSAFE.test(refused.err.replaceAll('\n', '')));
  t.true(refused.err.endsWith(`fenix: Host ${SHOWN} is done. (host-state)\n`), refused.err);
});

test('a list of many pages is read to its end, or to its limit', async (t) => {
  const ids = Array.from({ length: 2500 }, (_, index) => `session-${index}`);
  const { fenix, http } = await aFenix(t, ({ query }) => {
    const from = ids.indexOf(query.get('marker') ?? '') + 1;
    const page = ids.slice(from, from + Number(query.get('limit')));
    const next = from + page.length < ids.length ? page.at(-1) : null;
    return { body: { sessions: page.map((id) => ({ session_id: id })), next } };
  });
  const all = await fenix('session', 'list', '-f', 'value', '-c', 'session_id');
  t.is(all.out, ids.map((id) => `${id}\n`).join(''));
  t.is(http.arrived.length, 3);
  const some = await fenix(
    'session',
    'list',
    '-f',
    'csv',
    '-c',
    'session_id',
    '--limit',
    '1200',
    '--marker',
    'session-9',
  );
  t.is(some.out.split('\n').length, 1202);
  t.is(http.arrived.at(-1)?.query.get('limit'), '200');
});

test('a list ends where the server does not say what follows, or says the same again', async (t) => {
  for (const next of [undefined, 'a', 7]) {
    const { fenix, http } = await aFenix(t, () => ({ body: { sessions: [{ session_id: 'a' }], next } }));
    const { code, out, err } = await fenix('session', 'list', '-f', 'value', '-c', 'session_id');
    t.is(code, 0);
    t.is(out, next === 'a' ? 'a\na\n' : 'a\n');
    t.is(http.arrived.length, next === 'a' ? 2 : 1);
    if (next === 'a') t.regex(err, /the list ends there, and may not be whole/);
    else t.is(err, '');
  }
});

test('an answer of another shape is said to be one, with the address that gave it', async (t) => {
  const wrong: readonly (readonly [line: string, body: unknown, told: RegExp])[] = [
    ['session list', null, /something that is no JSON object/],
    ['session list', [], /something that is no JSON object/],
    ['session list', {}, /something without sessions, which must be a list of objects/],
    ['session list', { sessions: [null], next: null }, /without sessions/],
    ['session show x', { session_id: 'x', state: 'MAINTENANCE' }, /without metadata, which must be an object/],
    ['session continue x', { state: 1 }, /without state, which must be text/],
    ['session history x', { history: 'no' }, /without history/],
    ['session instances x --project p', { instance_ids: [1] }, /without instance_ids, which must be a list of text/],
    ['engine list', { engines: {} }, /without engines/],
    ['health', { status: 'ok' }, /without checks/],
    ['session watch x', { sessions: [] }, /something that is no stream of events/],
    ['session watch x', '<html>', /something that is no stream of events/],
  ];
  for (const [line, body, told] of wrong) {
    const { fenix, http } = await aFenix(t, () => ({ body: body === null ? 'null' : body }));
    const { code, out, err } = await fenix(...line.split(' '));
    t.is(code, 4, `${line}: ${err}`);
    t.true(err.startsWith(`fenix: Fenix at ${http.url} answered `), err);
    t.regex(err, told);
    t.regex(err, /\(fenix-bad-answer\)/);
    t.is(out, '');
  }
  const headers = { 'Content-Type': 'text/event-stream; charset=utf-8' };
  const events = await aFenix(t, () => ({ headers, body: 'id: 1\ndata: rubbish\n\n' }));
  const watched = await events.fenix('session', 'watch', 'x');
  t.is(watched.code, 4);
  t.regex(watched.err, /^fenix: Fenix at \S+ sent an event that is no JSON object\./);
});

test('an answer without an end is cut off, with --debug, too', async (t) => {
  const chunk = new Uint8Array(4 * 2 ** 20).fill(32);
  let sent = 0;
  const fetch = async (): Promise<Response> => {
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 1;
        controller.enqueue(chunk);
      },
    });
    return new Response(endless, { headers: { 'Content-Type': 'application/json' } });
  };
  const env = { OS_TOKEN: 't', OS_MAINTENANCE_ENDPOINT_OVERRIDE: 'http://fenix/v1' };
  for (const debug of [[], ['--debug']]) {
    sent = 0;
    const { code, err } = await cli(['session', 'list', ...debug], { env, fetch });
    t.is(code, 4);
    t.regex(
      err,
      /fenix: Fenix at http:\/\/fenix answered more than 64 MiB, which is cut off\. \(fenix-bad-answer\)\n$/,
    );
    t.true(sent < 20, `${sent} pieces were read`);
  }
});

test('who sends on elsewhere, and why nobody is reached, is said in words', async (t) => {
  const moved = await aFenix(t, () => ({ status: 301, headers: { Location: 'https://ann:hush@new.example/v1?a=b' } }));
  const told = await moved.fenix('session', 'list', '--debug');
  t.is(told.code, 4);
  t.regex(told.err, /fenix: Fenix at \S+ answered 301 and sends on to https:\/\/new\.example\/v1: correct the address/);
  t.notRegex(told.err, /hush/);
  const who = { OS_USERNAME: 'u', OS_PASSWORD: 'p', OS_PROJECT_ID: 'p', OS_AUTH_URL: `${moved.http.url}/v3` };
  t.regex(
    (await cli(['session', 'list'], { env: who })).err,
    /answered 301: it sends on to https:\/\/new\.example\/v1 /,
  );
  const nobody = await cli(['session', 'list', '--endpoint', 'http://127.0.0.1:1/v1'], { env: { OS_TOKEN: 't' } });
  t.is(nobody.code, 4);
  t.regex(nobody.err, /cannot be reached: the connection was refused, so nothing listens there \(.*127\.0\.0\.1:1\)/);
  const several = new AggregateError([Object.assign(new Error('connect ::1'), { code: 'ECONNREFUSED' })], '');
  const fetch = () => Promise.reject(new TypeError('fetch failed', { cause: several }));
  const both = await cli(['session', 'list'], { env: moved.env, fetch });
  t.regex(both.err, /nothing listens there \(connect ::1\)/);
});

test('of several to delete, all are tried, and those that stay are named', async (t) => {
  for (const [command, noun] of [
    ['session delete', 'session'],
    ['constraint delete', 'instance'],
    ['group delete', 'group'],
  ] as const) {
    const { fenix, http } = await aFenix(t, ({ path }) =>
      path.endsWith('/b') ? { body: {} } : refusal(404, 'not-found', 'There is no such thing.'),
    );
    const { code, out, err } = await fenix(...command.split(' '), 'a', 'b', 'c');
    t.is(code, 1);
    t.is(out, '');
    const line = (id: string) => `fenix: ${noun} ${id} was not deleted: There is no such thing. (not-found)\n`;
    t.is(err, line('a') + line('c'));
    t.is(http.arrived.length, 3);
    t.is((await fenix(...command.split(' '), 'b')).code, 0);
  }
});

test('what was typed comes back with its control characters escaped', async (t) => {
  const { code, err } = await cli(['session', 'show', 'x', `--${HOSTILE}`]);
  t.is(code, 2);
  t.regex(err, /unknown option/);
  t.notRegex(err.replaceAll('\n', ''), UNSAFE);
  t.regex(err, /\\u001b\]0;owned/);
  t.regex((await cli([])).err, /\n {2}session +maintenance sessions/, 'help keeps its lines and columns');
});

test('secrets are masked wherever --debug writes them', async (t) => {
  const { fenix, http } = await aFenix(t, ({ method }) => {
    return method === 'POST'
      ? { body: { session_id: 'abc', proxy: 'see http://ann:s3rver@x/ now' } }
      : refusal(404, 'not-found', 'There is no such session.');
  });
  const action =
    'host:command:{"api_key":"k3y","mirror":"https://ann:m1rror@mirror/","env":{"DB_PASSWORD":"p4ss"},"tokens":["t0k"]}';
  const { err, code } = await fenix('session', 'create', '--at', 'now', '--action', action, '--debug');
  t.is(code, 1, 'what it made cannot be shown');
  for (const secret of ['s3rver', 'm1rror', 'k3y', 'p4ss', 't0k', 'opensesame']) t.false(err.includes(secret), secret);
  t.regex(err, /REQ: POST \S+\/v1\/maintenance .* -H "X-Auth-Token: \*\*\*" .*-d '.*"api_key":"\*\*\*"/);
  t.regex(err, /RESP: 200 in \d+ ms/);
  t.like(http.arrived[0]?.body, { actions: [{ plugin: 'command', type: 'host' }] });
});

test('a token that Fenix does not take any more is renewed once; a second refusal is told', async (t) => {
  const env = (url: string) => ({ OS_AUTH_URL: url, OS_USERNAME: 'u', OS_PASSWORD: 'secret', OS_PROJECT_NAME: 'p' });
  const renewed = await keystoneCloud(t, (token) => token === 't2');
  t.like(await cli(['session', 'list', '-f', 'json'], { env: env(renewed.url) }), { code: 0, out: '[]\n' });
  const refused = await keystoneCloud(t, () => false);
  const told = await cli(['session', 'list', '--debug'], { env: env(refused.url) });
  t.is(told.code, 5);
  t.regex(told.err, /fenix: No valid token\. \(unauthenticated\)\n$/);
  t.is(refused.arrived.filter(({ method }) => method === 'POST').length, 2);
  t.false(/secret|\bt[12]\b/.test(told.err.replace(/"methods":\["password"\]/, '')));
  const elsewhere = await cli(['session', 'list', '--os-region-name', 'north', '--os-interface', 'internalURL'], {
    env: env(renewed.url),
  });
  t.is(elsewhere.code, 4, 'region and interface choose the endpoint');
  t.regex(elsewhere.err, /Fenix at http:\/\/127\.0\.0\.1:1 cannot be reached/);
});

test('no answer in time, nobody there, too busy, broken off while writing: exit code 4, and what to do', async (t) => {
  const silent = await aFenix(t, () => 'silence');
  const late = await silent.fenix('session', 'show', 'x', '--http-timeout', '1');
  t.is(late.code, 4);
  t.regex(late.err, /gave no answer within 1 s/);
  const busy = await aFenix(t, () => ({ ...refusal(503, 'no-engine', 'No engine.'), headers: { 'Retry-After': '7' } }));
  const told = await busy.fenix('session', 'pause', 'x');
  t.is(told.code, 4);
  t.regex(told.err, /^fenix: No engine\. \(no-engine\) Try again in 7 s\.\n$/);
  const broken = await aFenix(t, () => 'hang-up');
  const doubtful = await broken.fenix('session', 'pause', 'x');
  t.is(doubtful.code, 4);
  t.regex(doubtful.err, /It may have been carried out all the same/);
  const stopped = new AbortController();
  const waiting = cli(['session', 'show', 'x'], { env: silent.env, signal: stopped.signal });
  stopped.abort();
  t.like(await waiting, { code: 130, err: '' });
});

test('--wait goes on while the API is away, and ends when the session does', async (t) => {
  let asked = 0;
  const { fenix } = await aFenix(t, ({ method, path }) => {
    if (method === 'POST') return { body: {} };
    asked += 1;
    if (asked < 3) return 'hang-up';
    return { body: { session_id: path, state: asked < 5 ? 'MAINTENANCE' : 'MAINTENANCE_FAILED' } };
  });
  const { code, err } = await fenix('session', 'abort', 'x', '--wait');
  t.is(code, 0);
  t.regex(err, /^Fenix at \S+ cannot be reached: .* Trying again\.\nFenix answers again\.\n$/);
  t.is(asked, 5);
});

const WRONG: readonly (readonly [line: string, told: RegExp])[] = [
  ['', /Usage: fenix/],
  ['session', /Usage: fenix session/],
  ['sesion list', /unknown command 'sesion'/],
  ['session show', /missing required argument 'session'/],
  ['session list -f xml', /Allowed choices are table, json, yaml, value, csv/],
  ['session list --state DONE', /Allowed choices are MAINTENANCE, /],
  ['session list --limit 0', /--limit <n>.* whole number from 1 to/],
  [
    'group set g --property max_impacted_member=1',
    /--property max_impacted_member: no such key; the nearest are max_imp/,
  ],
  ['constraint set i --property lead_tiem=5', /--property lead_tiem: no such key; the nearest are lead_time, /],
  ['session list -c nope', /--column nope: there is none; there are session_id, state/],
  ['session list --os-interface outer', /--os-interface\) outer: must be one of public, internal, admin/],
  ['session list --os-auth-type kerberos', /kerberos: must be one of password/],
  ['session list --endpoint ftp://x', /--endpoint.*must be an address that begins with http/],
  ['session list --os-cacert /nowhere.pem', /OS_CACERT \(--os-cacert\): .*nowhere/],
  ['session create', /Say when it begins: --at/],
  ['session create --at 2026-02-31T10:00', /--at <time>.*now, \+2h/],
  ['session list --endpoint http://ann:hush@x/v1', /--endpoint.*must not hold credentials/],
  ['session list --endpoint http://ann:hu/sh@x/v1', /--endpoint.*: it must be an address/],
  [
    'session list --os-auth-url http://ann:hush@x/v3 --os-username u --os-password p',
    /OS_AUTH_URL.*must not hold cred/,
  ],
  ['session create --at 2026-01-01T00:00', /--at <time>.*more than 5 minutes in the past: now is for/],
  ['session abort s --timeout 5', /^fenix: --timeout needs --wait\.$/m],
  ['session create --at now --timeout 5', /--timeout needs --wait/],
  ['host skip s h --timeout 5', /--timeout needs --wait/],
  ['session create --at now --action boot:noop', /TYPE one of pre, host/],
  ['session create --at now --action host:noop:{', /must be JSON/],
  ['session create --at now --limit hosts', /--limit.*KEY=VALUE/],
  ['session create --file /nowhere.yaml', /--file: .*nowhere/],
  ['session create --file -', /--file -: must hold one object/],
  ['session continue s --host h --project p', /--host or --project, not both/],
  ['reply s ACK_NONSENSE', /Allowed choices are ACK_MAINTENANCE/],
  ['reply s', /--defer/],
  ['reply s ACK_MAINTENANCE', /name it with --project/],
  ['reply s --project p --defer soon', /number of seconds/],
  ['complete powershell', /Allowed choices are bash, zsh, fish/],
];

test('whatever is wrong with a command line is said in a sentence, and nothing is sent', async (t) => {
  const { http, env } = await aFenix(t, () => ({ body: { sessions: [], next: null } }));
  for (const [line, told] of WRONG) {
    const args = line === '' ? [] : line.split(' ');
    const plain = !line.includes('cacert');
    const { code, err, out } = await cli(args, plain ? { env, stdin: '- a\n- b\n' } : { env, systemFetch: true });
    t.is(code, 2, `fenix ${line}: ${err}`);
    t.notRegex(err, /hush|hu\/sh/, line);
    t.regex(err, told, line);
    t.is(out, '', line);
  }
  t.true(
    http.arrived.every(({ path }) => path.endsWith('/maintenance')),
    'only the list whose column there is not',
  );
  t.is(http.arrived.length, 1);
});

test('times, durations and bodies come to the API as it wants them', async (t) => {
  const { http, env } = await aFenix(t, () => ({ body: { session_id: 'a' } }));
  const now = (): Date => new Date('2026-03-01T12:00:00Z');
  const sent = async (line: string, stdin = ''): Promise<unknown> => {
    await cli(line.split(' '), { env, now, stdin });
    return http.arrived.findLast(({ method }) => method !== 'GET')?.body;
  };
  const at = async (text: string): Promise<unknown> =>
    ((await sent(`session create --at ${text}`)) as typeof CREATED).maintenance_at;
  t.is(await at('now'), '2026-03-01 12:00:00');
  t.is(await at('+90min'), '2026-03-01 13:30:00');
  t.is(await at('2026-03-02T10:00'), '2026-03-02 10:00:00');
  t.is(await at('2026-03-02T10:00:30+02:00'), '2026-03-02 08:00:30');
  t.deepEqual(
    await sent(
      'session create --file - --zone z --exclude-host a --policy nack=ask --action pre:x --action host:noop:duration=5,word=x',
      'maintenance_at: 2026-01-01 00:00:00\npolicy: {silence: force, nack: fail}\nscope: {zone: y}\n',
    ),
    {
      ...CREATED,
      policy: { silence: 'force', nack: 'ask' },
      scope: { zone: 'z', exclude_hosts: ['a'] },
      actions: [
        { plugin: 'x', type: 'pre' },
        { plugin: 'noop', type: 'host', metadata: { duration: 5, word: 'x' } },
      ],
    },
  );
  t.deepEqual(
    await sent('reply s ACK_PLANNED_MAINTENANCE --project p --instance-action i=MIGRATE --action LIVE_MIGRATE'),
    {
      state: 'ACK_PLANNED_MAINTENANCE',
      instance_action: 'LIVE_MIGRATE',
      instance_actions: { i: 'MIGRATE' },
    },
  );
  t.deepEqual(await sent('session continue s --project p'), { continue: { project_id: 'p' } });
  t.deepEqual(await sent('host add s a b'), { add_hosts: { hosts: ['a', 'b'] } });
});

/** A directory with these files, and what is read from there. */
function places(t: ExecutionContext, files: Readonly<Record<string, string>>) {
  const root = aDirectory(t);
  for (const place of ['here', 'home/.config/openstack']) mkdirSync(join(root, place), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  return (env: Record<string, string> = {}) => ({ env, cwd: join(root, 'here'), home: join(root, 'home') });
}

const CLOUDS = `
clouds:
  north:
    profile: base
    auth: {username: ann, project_name: ops, password: 0123}
    region_name: north
  south:
    auth_type: v3applicationcredential
    auth: {auth_url: http://south/v3, application_credential_id: id}
    verify: false
    regions: [{name: r1}, r2]
`;

test('clouds.yaml: where it is looked for, what goes over what, and what is wrong with it', (t) => {
  const at = places(t, {
    'home/.config/openstack/clouds.yaml': CLOUDS,
    'home/.config/openstack/secure.yaml': 'clouds: {south: {auth: {application_credential_secret: hush}}}',
    'home/.config/openstack/clouds-public.yaml': 'public-clouds: {base: {auth: {auth_url: http://north/v3}}}',
  });
  t.like(resolveCloud({}, 'north', at()), {
    authType: 'password',
    authUrl: 'http://north/v3',
    username: 'ann',
    password: '0123',
    regionName: 'north',
    interface: 'public',
  });
  const south = {
    authType: 'v3applicationcredential',
    applicationCredentialSecret: 'hush',
    insecure: 'true',
    regionName: 'r1',
  };
  t.like(resolveCloud({}, undefined, at({ OS_CLOUD: 'south' })), south);
  const others = {
    OS_USERNAME: 'eve',
    OS_PROJECT_ID: 'p',
    OS_PASSWORD: 'x',
    OS_CACERT: '/ca.pem',
    OS_REGION_NAME: 'r9',
  };
  const filled = resolveCloud({ projectName: 'mine' }, 'north', at(others));
  t.like(filled, {
    username: 'ann',
    projectName: 'mine',
    projectId: '',
    password: '0123',
    cacert: '/ca.pem',
    regionName: 'north',
  });
  t.like(resolveCloud({}, undefined, at({ OS_AUTH_URL: 'http://env', OS_TOKEN: 'tok' })), {
    authUrl: 'http://env',
    authType: 'token',
    username: '',
  });
  t.is(resolveCloud({}, undefined, at()).authUrl, '', 'of two clouds none is taken');

  const nearer = places(t, {
    'here/clouds.yaml': 'clouds: {only: {auth: {auth_url: http://only}}}',
    'given.yaml': CLOUDS,
  });
  t.is(resolveCloud({}, undefined, nearer()).authUrl, 'http://only');
  const given = join(nearer().cwd, '../given.yaml');
  t.is(resolveCloud({}, 'south', nearer({ OS_CLIENT_CONFIG_FILE: given })).authUrl, 'http://south/v3');

  const wrong = (files: Record<string, string>, name: string, env: Record<string, string> = {}): string =>
    t.throws(() => resolveCloud({}, name, places(t, files)(env)), { instanceOf: UsageError })?.message ?? '';
  t.regex(
    wrong({ 'here/clouds.yaml': CLOUDS }, 'west'),
    /Cloud west is not in .*clouds\.yaml, which has: north, south\.$/,
  );
  t.regex(wrong({ 'here/clouds.yaml': CLOUDS }, 'north'), /Profile base is in no clouds-public\.yaml/);
  t.regex(wrong({}, 'west'), /there is no clouds\.yaml in .*here, .*openstack, \/etc\/openstack\.$/);
  t.regex(wrong({ 'here/clouds.yaml': 'clouds: [' }, 'x'), /clouds\.yaml: .* at line 1/);
  t.regex(wrong({ 'here/clouds.yaml': 'clouds: {x: 1}' }, 'x'), /clouds\.x must be a mapping\.$/);
  for (const [cloud, told] of [
    ['{auth: [a]}', /here\/clouds\.yaml: clouds\.x\.auth must be a mapping\.$/],
    ['{auth: hush}', /clouds\.x\.auth must be a mapping\.$/],
    ['{auth: {auth_url: [http://a]}}', /clouds\.x\.auth\.auth_url must be one value, not a list or a mapping\.$/],
    ['{auth: {}, region_name: [r1]}', /clouds\.x\.region_name must be one value/],
    ['{auth: {}, verify: {a: b}}', /clouds\.x\.verify must be one value/],
  ] as const) {
    t.regex(wrong({ 'here/clouds.yaml': `clouds: {x: ${cloud}}` }, 'x'), told);
  }
  const secret = { 'here/clouds.yaml': 'clouds: {x: {auth: }}', 'here/secure.yaml': 'clouds: {x: {auth: 1}}' };
  t.regex(wrong(secret, 'x'), /here\/secure\.yaml: clouds\.x\.auth must be a mapping\.$/);
  t.regex(wrong({}, 'x', { OS_CLIENT_CONFIG_FILE: '/tmp' }), /^\/tmp must be a file; it is a directory\.$/);
  t.regex(
    wrong({}, 'x', { OS_CLIENT_CONFIG_FILE: '/nowhere' }),
    /OS_CLIENT_CONFIG_FILE: there is no file \/nowhere\.$/,
  );
});

test('what is missing to authenticate is named with each way to give it', async (t) => {
  const missing = async (env: Record<string, string>): Promise<string> => {
    const { code, err } = await cli(['session', 'list'], { env });
    t.is(code, 2, err);
    return err;
  };
  t.regex(await missing({}), /set OS_AUTH_URL \(or --os-auth-url, or clouds\.yaml\)\./);
  const url = { OS_AUTH_URL: 'http://127.0.0.1:1/v3' };
  t.regex(await missing(url), /set OS_USERNAME .* or OS_USER_ID/);
  t.regex(await missing({ ...url, OS_TOKEN: 'x' }), /set OS_PROJECT_NAME .*OS_SYSTEM_SCOPE/);
  t.regex(await missing({ ...url, OS_APPLICATION_CREDENTIAL_SECRET: 'x' }), /set OS_APPLICATION_CREDENTIAL_ID/);
});

test('bash completes commands, options, and the values that they take', async (t) => {
  const { out } = await cli(['complete', 'bash']);
  const lines: readonly (readonly [line: string, expected: readonly string[]])[] = [
    ['fenix se', ['session']],
    ['fenix --os-cloud host session wat', ['watch']],
    ['fenix session list -f j', ['json']],
    ['fenix session list --state MAINTENANCE_D', ['MAINTENANCE_DONE']],
    ['fenix session create --idem', ['--idempotency-key']],
    ['fenix session show --os-app', ['id', 'name', 'secret'].map((one) => `--os-application-credential-${one}`)],
    ['fenix complete z', ['zsh']],
  ];
  const asked = lines.map(([line]) => {
    const words = line.split(' ');
    return `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _fenix; echo "\${COMPREPLY[*]}"`;
  });
  const { stdout, stderr } = spawnSync('bash', ['-c', [out, ...asked].join('\n')], { encoding: 'utf8' });
  t.is(stderr, '');
  t.deepEqual(
    stdout.trimEnd().split('\n'),
    lines.map(([, expected]) => expected.join(' ')),
  );
  t.regex((await cli(['complete', 'zsh'])).out, /^autoload -U \+X bashcompinit/);
  const fish = (await cli(['complete', 'fish'])).out;
  t.regex(fish, /^complete -c fenix -n '__fenix_at session' -a watch -d '/m);
  t.regex(fish, /^complete -c fenix -n '__fenix_at session list' -s f -l format -xa 'table json yaml value csv' -d '/m);
});

test('docs/cli.md has the commands as they are, and the exit codes that help tells', async (t) => {
  const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
  t.is(page, withReference(page), 'npm run sample writes it');
  const { out, code } = await cli(['--help']);
  t.is(code, 0);
  const [, codes = ''] = out.split('Exit codes:');
  for (const [told] of codes.matchAll(/\b\d+\b/g)) t.regex(page, new RegExp(`^\\| ${told} \\| `, 'm'), told);
});
