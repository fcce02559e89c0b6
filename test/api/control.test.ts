import { randomUUID } from 'node:crypto';
import test from 'ava';
import { timeText } from '../../src/api/schemas/time.js';
import type { Command, Question, Session, SessionHost } from '../../src/model/index.js';
import { TENANT, TestApi } from '../support/api.js';
import { databaseKinds } from '../support/api-databases.js';
import { aHost, NOON } from '../support/api-records.js';

const reason = (code: string) => ({ code, message: 'It did not work.', at: NOON });
const ACTIVE: Partial<Session> = { state: 'PLANNED_MAINTENANCE' };
const PAUSED: Partial<Session> = { ...ACTIVE, pausedAt: NOON };
const COMPLETING: Partial<Session> = { state: 'MAINTENANCE_COMPLETE' };
const FAILED: Partial<Session> = {
  state: 'MAINTENANCE_FAILED',
  failedIn: 'PLANNED_MAINTENANCE',
  reason: reason('plugin-failed'),
};
const DONE: Partial<Session> = { state: 'MAINTENANCE_DONE' };
const ABORTING: Partial<Session> = { ...ACTIVE, aborting: { revert: false } };
const REVERTING: Partial<Session> = { ...ACTIVE, aborting: { revert: true } };
const ABORTED: Partial<Session> = { ...FAILED, aborting: { revert: false }, reason: reason('aborted') };

const question: Question = {
  event: 'plugin_failed',
  message: 'What now?',
  since: NOON,
  until: NOON,
  answered: false,
};

/** One host of each kind; `left` was left disabled by a plug-in that failed, on `busy` one is running. */
const HOSTS: readonly Partial<SessionHost>[] = [
  { hostname: 'waiting' },
  { hostname: 'busy', state: 'in_maintenance', disabled: true },
  { hostname: 'asking', state: 'in_maintenance', disabled: true, question },
  { hostname: 'answered', state: 'emptying', disabled: true, question: { ...question, answered: true } },
  { hostname: 'left', state: 'failed', disabled: true },
  { hostname: 'skipped', state: 'skipped' },
  { hostname: 'done.example.org', state: 'done', maintained: true },
  { hostname: 'ironic', excluded: 'It is of type ironic.' },
];

type Outcome = { readonly args: object } | 'so already' | readonly [status: number, code: string, field: string | null];

const sessionState = (key: string) => [422, 'session-state', key] as const;
const hostState = (key: string) => [422, 'host-state', `${key}.host`] as const;
const host = (name: string) => ({ host: name });

/** For a session in that state: what is asked, and what comes of it. */
const CASES: readonly [session: Partial<Session>, body: Record<string, unknown>, outcome: Outcome][] = [
  [ACTIVE, { pause: {} }, { args: {} }],
  [PAUSED, { pause: {} }, 'so already'],
  [FAILED, { pause: {} }, sessionState('pause')],
  [DONE, { pause: {} }, sessionState('pause')],
  [ABORTING, { pause: {} }, sessionState('pause')],
  [PAUSED, { resume: {} }, { args: {} }],
  [ACTIVE, { resume: {} }, 'so already'],
  [FAILED, { resume: {} }, sessionState('resume')],
  [DONE, { resume: {} }, sessionState('resume')],
  [ACTIVE, { abort: {} }, { args: {} }],
  [PAUSED, { abort: {} }, { args: {} }],
  [ACTIVE, { abort: { moves: 'revert' } }, { args: { moves: 'revert' } }],
  [ABORTING, { abort: { moves: 'revert' } }, { args: { moves: 'revert' } }],
  [REVERTING, { abort: { moves: 'revert' } }, 'so already'],
  [REVERTING, { abort: {} }, 'so already'],
  [ABORTED, { abort: { moves: 'revert' } }, 'so already'],
  [FAILED, { abort: {} }, { args: {} }],
  [ABORTING, { abort: {} }, 'so already'],
  [ABORTED, { abort: {} }, 'so already'],
  [DONE, { abort: {} }, sessionState('abort')],
  [ACTIVE, { retry_host: host('left') }, { args: host('left') }],
  [ACTIVE, { retry_host: host('skipped') }, { args: host('skipped') }],
  [ACTIVE, { retry_host: host('asking') }, { args: host('asking') }],
  [ACTIVE, { retry_host: host('waiting') }, hostState('retry_host')],
  [ACTIVE, { retry_host: host('busy') }, hostState('retry_host')],
  [ACTIVE, { retry_host: host('answered') }, hostState('retry_host')],
  [FAILED, { retry_host: host('busy') }, { args: host('busy') }],
  [FAILED, { retry_host: host('waiting') }, hostState('retry_host')],
  [FAILED, { retry_host: host('done') }, hostState('retry_host')],
  [COMPLETING, { retry_host: host('left') }, sessionState('retry_host')],
  [DONE, { retry_host: host('left') }, sessionState('retry_host')],
  [ABORTED, { retry_host: host('left') }, sessionState('retry_host')],
  [ACTIVE, { retry_host: host('nobody') }, [422, 'unknown-host', 'retry_host.host']],
  [ACTIVE, { skip_host: host('ironic') }, [422, 'unknown-host', 'skip_host.host']],
  [ACTIVE, { skip_host: host('waiting') }, { args: host('waiting') }],
  [ACTIVE, { skip_host: host('asking') }, { args: host('asking') }],
  [ACTIVE, { skip_host: host('busy') }, hostState('skip_host')],
  [ACTIVE, { skip_host: host('skipped') }, 'so already'],
  [ACTIVE, { skip_host: host('done') }, hostState('skip_host')],
  [FAILED, { skip_host: host('left') }, { args: host('left') }],
  [DONE, { skip_host: host('left') }, { args: host('left') }],
  [ABORTED, { skip_host: host('left') }, { args: host('left') }],
  [ABORTED, { skip_host: host('waiting') }, hostState('skip_host')],
  [ACTIVE, { mark_host_done: host('skipped') }, { args: host('skipped') }],
  [ACTIVE, { mark_host_done: host('waiting.example.org') }, { args: host('waiting') }],
  [ACTIVE, { mark_host_done: host('busy') }, hostState('mark_host_done')],
  [FAILED, { mark_host_done: host('left') }, { args: host('left') }],
  [DONE, { mark_host_done: host('left') }, { args: host('left') }],
  [DONE, { mark_host_done: host('skipped') }, hostState('mark_host_done')],
  [DONE, { mark_host_done: host('done.example.org') }, 'so already'],
  [ACTIVE, { add_hosts: { hosts: ['new', 'left', 'new'] } }, { args: { hosts: ['new'] } }],
  [ACTIVE, { add_hosts: { hosts: ['left', 'done'] } }, 'so already'],
  [ACTIVE, { add_hosts: { hosts: ['taken'] } }, [409, 'host-claimed', null]],
  [FAILED, { add_hosts: { hosts: ['new'] } }, { args: { hosts: ['new'] } }],
  [FAILED, { add_hosts: { hosts: ['taken'] } }, [409, 'host-claimed', null]],
  [ACTIVE, { add_hosts: { hosts: ['new', 'ironic'] } }, [422, 'host-excluded', 'add_hosts.hosts[1]']],
  [DONE, { add_hosts: { hosts: ['new'] } }, sessionState('add_hosts')],
  [COMPLETING, { add_hosts: { hosts: ['new'] } }, sessionState('add_hosts')],
  [ABORTING, { add_hosts: { hosts: ['new'] } }, sessionState('add_hosts')],
  [ACTIVE, { continue: host('asking') }, { args: host('asking') }],
  [ACTIVE, { continue: host('answered') }, 'so already'],
  [ACTIVE, { continue: host('left') }, [422, 'no-question', 'continue.host']],
  [ACTIVE, { continue: { project_id: TENANT } }, { args: { project_id: TENANT } }],
  [ACTIVE, { continue: { project_id: 'other' } }, [422, 'no-question', 'continue.project_id']],
  [FAILED, { continue: host('asking') }, sessionState('continue')],
  [ABORTED, { continue: { project_id: TENANT } }, sessionState('continue')],
];

const MALFORMED: readonly [body: unknown, field: string | undefined][] = [
  [{}, undefined],
  [{ pause: {}, resume: {} }, undefined],
  ['', undefined],
  ['[]', undefined],
  [{ stop: {} }, 'stop'],
  [{ delete: {} }, 'delete'],
  [{ 'continue-session': {} }, 'continue-session'],
  [{ pause: null }, 'pause'],
  [{ pause: true }, 'pause'],
  [{ pause: { for: 3 } }, 'pause.for'],
  [{ abort: { moves: 'keep' } }, 'abort.moves'],
  [{ retry_host: {} }, 'retry_host.host'],
  [{ skip_host: { host: '' } }, 'skip_host.host'],
  [{ mark_host_done: { host: 7 } }, 'mark_host_done.host'],
  [{ mark_host_done: { host: 'a', project_id: 'b' } }, 'mark_host_done.project_id'],
  [{ add_hosts: { hosts: [] } }, 'add_hosts.hosts'],
  [{ add_hosts: { hosts: ['a', ' b'] } }, 'add_hosts.hosts[1]'],
  [{ continue: {} }, 'continue'],
  [{ continue: { host: 'a', project_id: 'b' } }, 'continue'],
];

/** A session with all kinds of hosts, a question to the tenant, and a host `taken` by another session. */
async function start(api: TestApi, overrides: Partial<Session>): Promise<Session> {
  const asked = { host: 'asking', closedAt: NOON, outcome: 'nack', question } as const;
  const session = await api.session(['i'], [asked], overrides);
  const { sessionId } = session;
  const { hosts, claims, pluginRuns, database } = api.repositories;
  await database.transaction(async (tx) => {
    await hosts.add(
      HOSTS.map((some) => aHost({ sessionId, ...some })),
      tx,
    );
    const run = { sessionId, type: 'host', name: 'noop', plugin: 'noop', state: 'RUNNING', attempt: 1 } as const;
    await pluginRuns.save({ ...run, hostname: 'busy', startedAt: NOON, endedAt: null }, tx);
    await pluginRuns.save({ ...run, hostname: 'left', startedAt: NOON, endedAt: NOON }, tx);
    await claims.claim('another', ['taken'], tx);
  });
  return session;
}

const act = (api: TestApi, { sessionId }: Session, body: unknown) =>
  api.send('POST', `/v1/maintenance/${sessionId}/action`, { token: 'admin', body });
const resume = (api: TestApi, { sessionId }: Session, body?: unknown) =>
  api.send('PUT', `/v1/maintenance/${sessionId}`, { token: 'admin', ...(body !== undefined && { body }) });
const wanted = async (api: TestApi, { sessionId }: Session) =>
  (await api.repositories.commands.unhandled(sessionId)).map(({ kind, args }: Command) => ({ kind, args }));

for (const kind of databaseKinds) {
  test.serial(
    `${kind.name}: a control is stored for the owner, idle, or refused, by the session's state`,
    async (t) => {
      const api = await TestApi.start(t, kind);
      for (const [overrides, body, outcome] of CASES) {
        const session = await start(api, overrides);
        const title = `${overrides.state} ${JSON.stringify(body)}`;
        const answer = await act(api, session, body);
        const [key] = Object.keys(body);
        if (Array.isArray(outcome)) {
          const { code, field = null } = answer.json;
          t.deepEqual([answer.status, code, field], outcome, `${title}: ${answer.text}`);
        } else {
          t.is(answer.status, 200, `${title}: ${answer.text}`);
          t.deepEqual(answer.json, body, title);
        }
        const isStored = typeof outcome === 'object' && 'args' in outcome;
        t.deepEqual(await wanted(api, session), isStored ? [{ kind: key, args: outcome.args }] : [], title);
        t.deepEqual(await api.history(session), isStored ? [key] : [], title);
        t.is(api.woken.includes(session.sessionId), isStored, title);
        await api.repositories.claims.release(session.sessionId);
      }
    },
  );

  test.serial(`${kind.name}: an ill-formed control is refused by name`, async (t) => {
    const api = await TestApi.start(t, kind);
    const session = await start(api, ACTIVE);
    for (const [body, field] of MALFORMED) {
      const answer = await act(api, session, body);
      t.deepEqual([answer.status, answer.json.field], [400, field], `${JSON.stringify(body)}: ${answer.text}`);
    }
    t.is((await act(api, { ...session, sessionId: randomUUID() }, { pause: {} })).status, 404);
    await api.send('DELETE', `/v1/maintenance/${session.sessionId}`, { token: 'admin' });
    t.is((await act(api, session, { pause: {} })).status, 404);
  });

  test.serial(`${kind.name}: what was asked for and is not carried out yet counts`, async (t) => {
    const api = await TestApi.start(t, kind);
    const session = await start(api, ACTIVE);
    const steps: [body: Record<string, unknown>, status: number][] = [
      [{ pause: {} }, 200],
      [{ pause: {} }, 200],
      [{ resume: {} }, 200],
      [{ pause: {} }, 200],
      [{ skip_host: host('waiting') }, 200],
      [{ skip_host: host('waiting') }, 200],
      [{ retry_host: host('waiting') }, 200],
      [{ add_hosts: { hosts: ['new'] } }, 200],
      [{ add_hosts: { hosts: ['new'] } }, 200],
      [{ continue: host('asking') }, 200],
      [{ continue: host('asking') }, 200],
      [{ abort: {} }, 200],
      [{ abort: {} }, 200],
      [{ resume: {} }, 422],
    ];
    for (const [body, status] of steps) t.is((await act(api, session, body)).status, status, JSON.stringify(body));
    t.deepEqual(
      (await wanted(api, session)).map((command) => command.kind),
      ['pause', 'resume', 'pause', 'skip_host', 'retry_host', 'add_hosts', 'continue', 'abort'],
    );
    const [line] = await api.repositories.history.list(session.sessionId);
    t.like(line, { what: 'pause', who: 'user-admin', at: api.clock.now(), seq: null });
    t.regex(String(line?.details.request_id), /^req-/);
  });

  test.serial(
    `${kind.name}: added hosts belong to the session at once, but for a failed one to nobody yet`,
    async (t) => {
      const api = await TestApi.start(t, kind);
      const { claims } = api.repositories;
      const active = await start(api, ACTIVE);
      await act(api, active, { add_hosts: { hosts: ['new-1', 'new-2'] } });
      t.is(await claims.ownerOf('new-2'), active.sessionId);
      t.is((await act(api, active, { add_hosts: { hosts: ['new-3', 'taken'] } })).status, 409);
      t.is(await claims.ownerOf('new-3'), undefined, 'all or none');
      const failed = await start(api, FAILED);
      t.is((await act(api, failed, { add_hosts: { hosts: ['new-1'] } })).status, 409);
      t.is((await act(api, failed, { add_hosts: { hosts: ['new-4'] } })).status, 200);
      t.is(await claims.ownerOf('new-4'), undefined);
      t.is((await resume(api, failed)).status, 200);
      t.is(await claims.ownerOf('new-4'), failed.sessionId);
    },
  );

  test.serial(
    `${kind.name}: a failed session is resumed where it failed, with the hosts that are left to do`,
    async (t) => {
      for (const body of [undefined, '', {}, { state: 'PLANNED_MAINTENANCE' }]) {
        const api = await TestApi.start(t, kind);
        const session = await start(api, FAILED);
        const { sessionId } = session;
        const answer = await resume(api, session, body);
        t.is(answer.status, 200, answer.text);
        t.deepEqual(answer.json, { session_id: sessionId, state: 'PLANNED_MAINTENANCE' });
        t.deepEqual(await wanted(api, session), [{ kind: 'continue-session', args: {} }]);
        t.deepEqual(await api.history(session), ['continue-session']);
        t.deepEqual(api.woken, [sessionId]);
        const { claims } = api.repositories;
        const owners = await Promise.all(HOSTS.map(({ hostname = '' }) => claims.ownerOf(hostname)));
        const claimed = HOSTS.flatMap(({ hostname }, i) => (owners[i] === sessionId ? [hostname] : []));
        t.deepEqual(claimed, ['waiting', 'busy', 'asking', 'answered', 'left']);
        t.deepEqual((await resume(api, session)).json, answer.json, 'asked once more before it was carried out');
        t.is((await wanted(api, session)).length, 1);
        t.is((await act(api, session, { pause: {} })).status, 200, 'it is as good as active');
      }
    },
  );

  test.serial(`${kind.name}: what cannot be resumed is refused, and nothing is claimed for it`, async (t) => {
    const api = await TestApi.start(t, kind);
    const cases: [overrides: Partial<Session>, body: unknown, status: number, field?: string][] = [
      [ACTIVE, {}, 422, 'state'],
      [PAUSED, {}, 422, 'state'],
      [DONE, {}, 422, 'state'],
      [ABORTED, {}, 422, 'state'],
      [{ ...FAILED, aborting: { revert: true } }, {}, 422, 'state'],
      [{ ...FAILED, reason: reason('aborted') }, {}, 422, 'state'],
      [FAILED, { state: 'SCALE_IN' }, 422, 'state'],
      [FAILED, { state: 'nonsense' }, 422, 'state'],
      [FAILED, { state: 7 }, 400, 'state'],
      [FAILED, { state: 'PLANNED_MAINTENANCE', hosts: [] }, 400, 'hosts'],
      [FAILED, 'null', 400],
      [FAILED, '{', 400],
    ];
    for (const [overrides, body, status, field] of cases) {
      const session = await start(api, overrides);
      const answer = await resume(api, session, body);
      t.deepEqual([answer.status, answer.json.field], [status, field], `${JSON.stringify(body)}: ${answer.text}`);
      t.deepEqual(await wanted(api, session), []);
    }
    t.is(await api.repositories.claims.ownerOf('left'), undefined);
    const abortedLate = await start(api, FAILED);
    await act(api, abortedLate, { abort: {} });
    t.is((await resume(api, abortedLate)).status, 422, 'the abort is not carried out yet');
    t.is((await resume(api, { ...abortedLate, sessionId: randomUUID() })).status, 404);
  });

  test.serial(`${kind.name}: of two sessions that want the same hosts again one is resumed`, async (t) => {
    const api = await TestApi.start(t, kind);
    const one = await start(api, FAILED);
    const two = await start(api, FAILED);
    const answers = await Promise.all([resume(api, one), resume(api, two)]);
    t.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
    const refused = answers[0]?.status === 409 ? one : two;
    t.deepEqual(await wanted(api, refused), []);
    t.deepEqual(await api.history(refused), []);
    t.is((await act(api, refused, { skip_host: host('left') })).status, 200);
    t.is((await resume(api, refused)).json.code, 'host-claimed', 'others are still taken');
  });

  test.serial(`${kind.name}: one that failed before its hosts were known claims those that were given`, async (t) => {
    const api = await TestApi.start(t, kind);
    const session = await api.session([], [], { ...FAILED, failedIn: 'MAINTENANCE', hosts: ['h1'] });
    t.is((await resume(api, session, { state: 'MAINTENANCE' })).json.state, 'MAINTENANCE');
    t.is(await api.repositories.claims.ownerOf('h1'), session.sessionId);
  });

  test.serial(
    `${kind.name}: history tells what happened, oldest first, and outlives its session by one path`,
    async (t) => {
      const api = await TestApi.start(t, kind);
      const created = await api.post({ maintenance_at: '2026-01-01 12:00:00', hosts: ['h'] });
      const sessionId = String(created.json.session_id);
      const { history, database } = api.repositories;
      const told = {
        seq: 1,
        at: NOON,
        who: 'engine',
        what: 'state',
        details: {
          from: 'MAINTENANCE',
          noticeId: 3,
          reason: { code: 'c', projectId: 'p' },
          actions: { aB: 'x' },
          replyAt: NOON,
          at: 'no',
        },
      };
      await database.transaction((tx) => history.append([{ ...told, sessionId }], tx));
      const get = (path: string) => api.send('GET', path, { token: 'admin' });
      const own = await get(`/v1/maintenance/${sessionId}/history`);
      t.deepEqual(own.json.history, [
        {
          at: timeText(api.clock.now()),
          who: 'user-admin',
          what: 'session-created',
          workflow: 'default',
          hosts: ['h'],
          request_id: created.headers['x-openstack-request-id'],
          address: '127.0.0.1',
        },
        {
          at: '2026-01-01T12:00:00',
          who: 'engine',
          what: 'state',
          from: 'MAINTENANCE',
          notice_id: 3,
          reason: { code: 'c', project_id: 'p' },
          actions: { aB: 'x' },
          reply_at: '2026-01-01T12:00:00',
        },
      ]);
      t.deepEqual((await get(`/v1/history?session_id=${sessionId}`)).json, own.json);
      await api.send('DELETE', `/v1/maintenance/${sessionId}`, { token: 'admin' });
      t.is((await get(`/v1/maintenance/${sessionId}/history`)).status, 404);
      const after = (await get(`/v1/history/?session_id=${sessionId}`)).json.history as { what: string }[];
      t.deepEqual(
        after.map(({ what }) => what),
        ['session-created', 'state', 'delete'],
      );
      t.is((await get(`/v1/history?session_id=${randomUUID()}`)).status, 404);
      t.is((await get('/v1/history?session_id=%00')).status, 404);
      t.like((await get('/v1/history')).json, { status: 400, field: 'session_id' });
    },
  );
}
