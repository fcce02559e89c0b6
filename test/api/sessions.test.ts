import { randomUUID } from 'node:crypto';
import test from 'ava';
import { plusSeconds } from '../../src/common/clock.js';
import { Repositories } from '../../src/db/repositories.js';
import { PLUGINS, TENANT, TestApi } from '../support/api.js';
import { databaseKinds } from '../support/api-databases.js';
import { aHost, anInstance, NOON } from '../support/api-records.js';

const at = '2026-01-01 12:00:00';
const action = { plugin: 'noop', type: 'host' };
/** Downloads that the test API allows: a file, and an archive that may hold plug-ins. */
const DATA = `https://files.example.org/data#sha256=${'ab'.repeat(32)}`;
const ARCHIVE = `https://files.example.org/my-workflow.zip#sha256=${'cd'.repeat(32)}`;
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** What is refused, with status, code and the field that is named; `body` is laid over a good one. */
const REFUSED: readonly [body: object, status: number, field: string | undefined, code?: string][] = [
  [{ maintenance_at: undefined }, 400, 'maintenance_at'],
  [{ maintenance_at: 5 }, 400, 'maintenance_at'],
  [{ maintenance_at: null }, 400, 'maintenance_at'],
  [{ maintenance_at: 'soon' }, 400, 'maintenance_at'],
  [{ maintenance_at: '2026-01-01' }, 400, 'maintenance_at'],
  [{ maintenance_at: '2026-02-30 12:00:00' }, 400, 'maintenance_at'],
  [{ maintenance_at: '2026-01-01 24:00:00' }, 400, 'maintenance_at'],
  [{ maintenance_at: '2026-01-01 12:00:00+02:00' }, 400, 'maintenance_at'],
  [{ maintenance_at: '0001-01-01 12:00:00' }, 400, 'maintenance_at'],
  [{ state: 'SCALE_IN' }, 400, 'state'],
  [{ state: null }, 400, 'state'],
  [{ waves: [] }, 400, 'waves'],
  [{ approved_plan: 'x' }, 400, 'approved_plan'],
  [{ workflow: '../evil' }, 400, 'workflow'],
  [{ workflow: 'Default' }, 400, 'workflow'],
  [{ workflow: 7 }, 400, 'workflow'],
  [{ workflow: `a${'b'.repeat(64)}` }, 400, 'workflow'],
  [{ workflow: 'nightly' }, 422, 'workflow', 'unknown-workflow'],
  [{ workflow: 'vnf' }, 422, 'workflow', 'unknown-workflow'],
  [{ hosts: 'compute-1' }, 400, 'hosts'],
  [{ hosts: ['a', 'b', 3] }, 400, 'hosts[2]'],
  [{ hosts: ['a', ''] }, 400, 'hosts[1]'],
  [{ hosts: ['x'.repeat(256)] }, 400, 'hosts[0]'],
  [{ hosts: ['compute-1 '] }, 400, 'hosts[0]'],
  [{ hosts: ['a\u0000b'] }, 400, 'hosts[0]'],
  [{ metadata: [] }, 400, 'metadata'],
  [{ metadata: 'text' }, 400, 'metadata'],
  [{ metadata: { k: 'x'.repeat(247) } }, 400, 'metadata'],
  [{ metadata: { k: true, l: null, m: 'x'.repeat(225) } }, 400, 'metadata'],
  [{ actions: {} }, 400, 'actions'],
  [{ actions: [3] }, 400, 'actions[0]'],
  [{ actions: [{ type: 'host' }] }, 400, 'actions[0].plugin'],
  [{ actions: [{ plugin: 'noop' }] }, 400, 'actions[0].type'],
  [{ actions: [{ ...action, type: 'network' }] }, 400, 'actions[0].type'],
  [{ actions: [{ ...action, plugin: 'p'.repeat(256) }] }, 400, 'actions[0].plugin'],
  [{ actions: [{ ...action, metadata: 'x' }] }, 400, 'actions[0].metadata'],
  [{ actions: [{ ...action, order: 1.5 }] }, 400, 'actions[0].order'],
  [{ actions: [{ ...action, name: '' }] }, 400, 'actions[0].name'],
  [{ actions: [action, { ...action, retries: 3 }] }, 400, 'actions[1].retries'],
  [{ actions: [action, action] }, 400, 'actions[1].name'],
  [
    {
      actions: [
        { ...action, name: 'x' },
        { plugin: 'sleepy', type: 'host', name: 'x' },
      ],
    },
    400,
    'actions[1].name',
  ],
  [{ actions: [{ ...action, plugin: '../../etc/passwd' }] }, 422, 'actions[0].plugin', 'unknown-action'],
  [{ actions: [{ ...action, plugin: 'default' }] }, 422, 'actions[0].plugin', 'unknown-action'],
  [{ actions: [{ plugin: 'sleepy', type: 'host' }] }, 422, 'actions[0].type', 'action-type'],
  [{ actions: [action, { plugin: 'sleepy', type: 'compute' }] }, 422, 'actions[1].metadata.seconds', 'bad-metadata'],
  [
    { actions: [{ plugin: 'sleepy', type: 'compute', metadata: { seconds: 'x' } }] },
    422,
    'actions[0].metadata.seconds',
    'bad-metadata',
  ],
  [
    { actions: [{ plugin: 'sleepy', type: 'compute', metadata: { seconds: 1, x: 1 } }] },
    422,
    'actions[0].metadata.x',
    'bad-metadata',
  ],
  [{ scope: { rack: 'r' } }, 400, 'scope.rack'],
  [{ scope: { zone: 3 } }, 400, 'scope.zone'],
  [{ scope: { exclude_hosts: ['a', 1] } }, 400, 'scope.exclude_hosts[1]'],
  [{ scope: { zone: 'nova' }, hosts: ['a'] }, 400, 'scope'],
  [{ limits: { hosts: 0 } }, 400, 'limits.hosts'],
  [{ limits: { hosts: '120%' } }, 400, 'limits.hosts'],
  [{ limits: { hosts: true } }, 400, 'limits.hosts'],
  [{ limits: { racks: 1 } }, 400, 'limits.racks'],
  [{ policy: { nack: 'never' } }, 400, 'policy.nack'],
  [{ policy: { nacks: 'fail' } }, 400, 'policy.nacks'],
  [{ policy: { failure_budget: -1 } }, 400, 'policy.failure_budget'],
  [{ policy: { per_project: { p: { plugin_failed: 'ask' } } } }, 400, 'policy.per_project.p.plugin_failed'],
  [{ policy: { per_project: { p: { nack: 'x' } } } }, 400, 'policy.per_project.p.nack'],
  [{ policy: { per_project: { 2: { nack: 'x' } } } }, 400, 'policy.per_project.2.nack'],
  [
    {
      actions: [
        { plugin: 'noop', type: 'host' },
        { plugin: 'noop', type: 'x' },
      ],
    },
    400,
    'actions[1].type',
  ],
  [{ download: ['not a url'] }, 400, 'download[0]'],
  [{ download: 'https://x/y' }, 400, 'download'],
  [{ download: Array(17).fill('https://files.example.org/x') }, 400, 'download'],
  [{ download: ['https://bücher.example/x'] }, 400, 'download[0]'],
  [{ download: [DATA, 'https://example.org/x#sha256=0'] }, 422, 'download[1]', 'download-refused'],
  [{ download: ['https://files.example.org/actions.tar.gz'] }, 422, 'download[0]', 'download-refused'],
  [{ download: [DATA, `${DATA.replace('/data', '/b/data')}`] }, 422, 'download[1]', 'download-refused'],
  [{ download: [DATA], workflow: 'other' }, 422, 'workflow', 'unknown-workflow'],
  [{ download: [DATA], actions: [{ plugin: 'other', type: 'host' }] }, 422, 'actions[0].plugin', 'unknown-action'],
  [
    { download: [ARCHIVE], actions: [{ plugin: 'sleepy', type: 'compute', metadata: { seconds: 'x' } }] },
    422,
    'actions[0].metadata.seconds',
    'bad-metadata',
  ],
];

const BAD_BODIES: readonly (string | Buffer)[] = [
  '',
  '   ',
  '{',
  'null',
  '[]',
  '"text"',
  '5',
  Buffer.from([0x7b, 0xff, 0x7d]),
  `{"metadata":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
  `{"metadata":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`,
];

for (const kind of databaseKinds) {
  test.serial(
    `${kind.name}: what no engine has is accepted if it may come with a download, and is not pinned`,
    async (t) => {
      const api = await TestApi.start(t, kind);
      const download = [DATA, ARCHIVE];
      const actions = [action, { plugin: 'brought', type: 'host', metadata: { any: 'thing' } }];
      const answer = await api.post({ maintenance_at: at, workflow: 'nightly', actions, download });
      t.is(answer.status, 200, answer.text);
      const sessionId = String(answer.json.session_id);
      const session = await api.repositories.sessions.get(sessionId);
      t.deepEqual(session?.downloads, {
        files: download.map((url) => ({ url, state: 'waiting', sha256: null })),
        plugins: null,
      });
      t.deepEqual(
        session?.plugins
          .filter((pin) => pin.kind !== 'instance-action')
          .map(({ kind: what, name }) => `${what} ${name}`),
        ['action noop'],
      );
      const detail = await api.send('GET', `/v1/maintenance/${sessionId}/detail`, { token: 'admin' });
      t.deepEqual(
        detail.json.download,
        download.map((url) => ({ url, state: 'waiting', sha256: null, percent: null })),
      );
    },
  );

  test.serial(`${kind.name}: what a session cannot be made of is refused by name, and creates nothing`, async (t) => {
    const api = await TestApi.start(t, kind);
    for (const [patch, status, field, code = 'bad-request'] of REFUSED) {
      const answer = await api.post({ maintenance_at: at, ...patch });
      const { error, request_id, ...rest } = answer.json;
      t.deepEqual(
        rest,
        { code, status, ...(field === undefined ? {} : { field }) },
        `${JSON.stringify(patch)}: ${error}`,
      );
      t.is(request_id, answer.headers['x-openstack-request-id']);
    }
    for (const body of BAD_BODIES) {
      const answer = await api.post(body);
      t.like(answer.json, { status: 400, code: 'bad-request' }, String(body).slice(0, 40));
    }
    const huge = await api.post({ maintenance_at: at, hosts: ['x'.repeat(1024 * 1024)] });
    t.like(huge.json, { status: 413, code: 'too-large' });
    t.deepEqual(await api.repositories.sessions.ids(), []);
    t.deepEqual(api.woken, []);
  });

  test.serial(
    `${kind.name}: a session is stored with defaults, pins and history before its creation is answered`,
    async (t) => {
      const api = await TestApi.start(t, kind);
      const actions = [action, { plugin: 'sleepy', type: 'compute', name: 'nap', order: -1, metadata: { seconds: 3 } }];
      const answer = await api.post({
        state: 'MAINTENANCE',
        maintenance_at: '2026-01-01T12:00:00.250Z',
        workflow: 'default',
        hosts: ['b', 'a', 'b'],
        metadata: { os: 'ubuntu' },
        actions,
        download: [],
        scope: {},
        limits: {},
        policy: {},
      });
      t.is(answer.status, 200, answer.text);
      const sessionId = String(answer.json.session_id);
      t.regex(sessionId, UUID_V4);
      const session = await api.repositories.sessions.get(sessionId);
      t.like(session, {
        state: 'MAINTENANCE',
        workflow: 'default',
        hosts: ['b', 'a'],
        userId: 'user-admin',
        requestId: answer.headers['x-openstack-request-id'],
        createdAt: api.clock.now(),
        maintenanceAt: plusSeconds(NOON, 0.25),
      });
      t.deepEqual(session?.actions, [
        { name: 'noop', plugin: 'noop', type: 'host', order: 0, metadata: {} },
        { name: 'nap', plugin: 'sleepy', type: 'compute', order: -1, metadata: { seconds: 3 } },
      ]);
      t.deepEqual(session?.plugins.map(({ name, digest }) => `${name} ${digest}`).sort(), [
        'LIVE_MIGRATE i2',
        'MIGRATE i1',
        'default d1',
        'noop a1',
        'sleepy a2',
      ]);
      t.is(await api.repositories.claims.ownerOf('a'), sessionId);
      t.deepEqual(await api.history({ sessionId }), ['session-created']);
      t.deepEqual(api.woken, [sessionId]);
      const warning = api.log.find(({ level }) => level === 'warn');
      t.regex(String(warning?.fields.warning), /ubuntu.*ends in u/);
    },
  );

  test.serial(
    `${kind.name}: little is needed: no state, hosts, actions, workflow or metadata; past times are fine`,
    async (t) => {
      const api = await TestApi.start(t, kind);
      const bodies = [
        { maintenance_at: at },
        { maintenance_at: '1999-12-31T23:59:59', actions: [], hosts: [], metadata: {} },
        { maintenance_at: at, metadata: { k: 'x'.repeat(246) } },
        { maintenance_at: at, metadata: { k: true, l: null, m: 'x'.repeat(224) } },
        { maintenance_at: at, metadata: { k: '🙂'.repeat(246) } },
      ];
      for (const body of bodies) t.is((await api.post(body)).status, 200);
      t.is((await api.repositories.sessions.ids()).length, bodies.length);
    },
  );

  test.serial(
    `${kind.name}: without any engine so far a POST is asked to come again; a stopped engine's plug-ins still count`,
    async (t) => {
      const { database, close } = await kind.open();
      t.teardown(close);
      const repositories = new Repositories(database);
      const api = await TestApi.on(t, repositories);
      const early = await api.post({ maintenance_at: at });
      t.like(early.json, { status: 503, code: 'no-engine' });
      t.true(Number(early.headers['retry-after']) > 0);
      await repositories.engines.register({ engineId: 'e', host: 'h', version: '1', plugins: PLUGINS }, 1000);
      await repositories.engines.leave('e');
      t.is((await api.post({ maintenance_at: at })).status, 200);
    },
  );

  test.serial(`${kind.name}: of two sessions that want the same host at once one is made`, async (t) => {
    const api = await TestApi.start(t, kind);
    const [one, two] = await Promise.all([
      api.post({ maintenance_at: at, hosts: ['h1', 'h2'] }),
      api.post({ maintenance_at: at, hosts: ['h3', 'h2'] }),
    ]);
    t.deepEqual([one?.status, two?.status].sort(), [200, 409]);
    const refused = one?.status === 409 ? one : two;
    t.is(refused?.json.code, 'host-claimed');
    t.regex(String(refused?.json.error), /h2/);
    t.is((await api.repositories.sessions.ids()).length, 1);
    const free = refused === one ? 'h1' : 'h3';
    t.is(await api.repositories.claims.ownerOf(free), undefined, 'the refused one claims nothing');
  });

  test.serial(`${kind.name}: max_sessions holds when ten come at once, and counts unfinished ones only`, async (t) => {
    const api = await TestApi.start(t, kind, { maxSessions: 3 });
    await api.session([], [], { state: 'MAINTENANCE_DONE' });
    await api.session([], [], { state: 'MAINTENANCE_FAILED' });
    const answers = await Promise.all(Array.from({ length: 10 }, () => api.post({ maintenance_at: at })));
    t.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 200, ...Array(7).fill(509)]);
    t.like(answers.find(({ status }) => status === 509)?.json, { error: 'Too many sessions', status: 509 });
    t.is(await api.repositories.sessions.countUnfinished(), 3);
    const made = answers.find(({ status }) => status === 200)?.json.session_id;
    await api.send('DELETE', `/v1/maintenance/${made}`, { token: 'admin' });
    t.is((await api.post({ maintenance_at: at })).status, 200);
  });

  test.serial(
    `${kind.name}: a deleted session is gone for everybody, and its owner has a command to carry out`,
    async (t) => {
      const api = await TestApi.start(t, kind);
      const session = await api.session([], [], { owner: null });
      const path = `/v1/maintenance/${session.sessionId}`;
      const statuses = await Promise.all(
        [1, 2, 3, 4, 5, 6].map(async () => (await api.send('DELETE', path, { token: 'admin' })).status),
      );
      t.deepEqual(statuses.sort(), [200, 404, 404, 404, 404, 404], 'of many at once one counts');
      for (const [method, below] of [
        ['DELETE', ''],
        ['GET', ''],
        ['GET', '/detail'],
        ['GET', `/${TENANT}`],
      ] as const) {
        t.is((await api.send(method, path + below, { token: 'admin' })).status, 404, `${method} ${below}`);
      }
      const [command, ...others] = await api.repositories.commands.unhandled(session.sessionId);
      t.like(command, { kind: 'delete', userId: 'user-admin' });
      t.deepEqual(others, []);
      t.deepEqual(await api.history(session), ['delete']);
      t.deepEqual(api.woken, [session.sessionId]);
      t.deepEqual(
        (await api.repositories.sessions.claimable(5)).map(({ sessionId }) => sessionId),
        [session.sessionId],
      );
    },
  );

  test.serial(`${kind.name}: scope, limits and policy are kept for the engine, and shown`, async (t) => {
    const api = await TestApi.start(t, kind);
    const bodies = [
      { scope: { aggregate: 'rack-1', zone: 'nova', exclude_hosts: ['compute-9'] }, limits: {}, policy: {} },
      {
        scope: {},
        limits: { hosts: 3, migrations: '20%', migrations_per_host: 1, per_zone: '100%' },
        policy: {
          nack: 'skip_host',
          failure_budget: 0,
          steer_new: 'none',
          project_scale_in_reply: 90,
          per_project: { [TENANT]: { silence: 'ask', project_maintenance_reply: 5 } },
        },
      },
    ];
    for (const body of bodies) {
      const answer = await api.post({ maintenance_at: at, ...body });
      t.is(answer.status, 200, answer.text);
      const sessionId = String(answer.json.session_id);
      t.like(await api.repositories.sessions.get(sessionId), body);
      t.like((await api.send('GET', `/v1/maintenance/${sessionId}/detail`, { token: 'admin' })).json, body);
    }
  });

  test.serial(`${kind.name}: list, show and detail tell what is stored`, async (t) => {
    const api = await TestApi.start(t, kind);
    const reason = { code: 'nack', message: 'said no', host: 'h', projectId: 'p', instanceId: 'i', at: NOON };
    const waiting = { for: 'replies', message: 'waits', since: NOON, until: plusSeconds(NOON, 40) };
    const session = await api.session(['i-1'], [], {
      pausedAt: NOON,
      reason,
      waiting,
      createdAt: plusSeconds(NOON, -1),
    });
    const later = await api.session([]);
    const { sessionId } = session;
    const { hosts, impacts, pluginRuns, database } = api.repositories;
    const blocked = { because: 'group-limit', message: 'm', since: NOON, until: NOON };
    await database.transaction(async (tx) => {
      await hosts.add(
        [aHost({ sessionId, hostname: 'c1', blocked }), aHost({ sessionId, hostname: 'x', excluded: 'ironic' })],
        tx,
      );
      await impacts.insert(
        {
          sessionId,
          instanceId: 'i-1',
          attempt: 1,
          projectId: TENANT,
          groupId: 'g',
          action: 'MIGRATE',
          sourceHost: 'c1',
          targetHost: 'c2',
          vcpus: 1,
          memoryMb: 1,
          diskGb: 1,
          startedAt: NOON,
          endedAt: null,
          recoveredAt: null,
        },
        tx,
      );
      const run = { sessionId, type: 'host', name: 'n', plugin: 'noop', hostname: 'c1', state: 'DONE', attempt: 1 };
      await pluginRuns.save({ ...run, startedAt: NOON, endedAt: NOON }, tx);
    });
    const get = async (path: string) => (await api.send('GET', `/v1/maintenance${path}`, { token: 'admin' })).json;
    t.deepEqual(await get(''), { sessions: [sessionId, later.sessionId], session_id: [sessionId, later.sessionId] });
    const noon = '2026-01-01T12:00:00';
    t.deepEqual(await get(`/${sessionId}`), { session_id: sessionId, state: 'MAINTENANCE', paused_at: noon });
    t.deepEqual(await get(`/${later.sessionId}`), {
      session_id: later.sessionId,
      state: 'MAINTENANCE',
      paused_at: null,
    });
    t.deepEqual(await get(`/${sessionId}/detail`), {
      session_id: sessionId,
      state: 'MAINTENANCE',
      prev_state: null,
      paused_at: noon,
      workflow: 'default',
      maintenance_at: noon,
      metadata: {},
      scope: {},
      limits: {},
      policy: {},
      download: [],
      percent_done: 0,
      reason: { code: 'nack', message: 'said no', host: 'h', project_id: 'p', instance_id: 'i', at: noon },
      waiting: { for: 'replies', message: 'waits', since: noon, until: '2026-01-01T12:00:40' },
      hosts: [
        {
          hostname: 'c1',
          type: 'compute',
          maintained: false,
          disabled: false,
          disabled_before: false,
          state: 'waiting',
          blocked: { because: 'group-limit', message: 'm', since: noon, until: noon },
        },
      ],
      excluded: [{ hostname: 'x', reason: 'ironic' }],
      projects: [
        {
          project_id: TENANT,
          state: 'MAINTENANCE',
          scaled_in: false,
          notified_at: null,
          reply_at: null,
          replies: 0,
          rounds: 0,
        },
      ],
      instances: [
        {
          instance_id: 'i-1',
          instance_name: 'server',
          project_id: TENANT,
          group_id: 'group',
          host: 'compute-1',
          state: 'ACTIVE',
          project_state: null,
          action: null,
          action_done: false,
        },
      ],
      action_plugins: [],
      action_plugin_instances: [
        {
          ...{ name: 'n', plugin: 'noop', type: 'host', hostname: 'c1', state: 'DONE', attempt: 1 },
          ...{ output: null, facts: null },
        },
      ],
      impacts: [
        {
          instance_id: 'i-1',
          group_id: 'g',
          action: 'MIGRATE',
          started_at: noon,
          ended_at: null,
          recovered_at: null,
        },
      ],
      left: { hosts: [], moves: [], stopped: [], projects: [], notifications: [] },
    });
  });

  test.serial(
    `${kind.name}: a project sees the instances of its open notice that still exist, else all of its own`,
    async (t) => {
      const api = await TestApi.start(t, kind);
      const [a, b, gone, foreign] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()].sort() as [
        string,
        string,
        string,
        string,
      ];
      const session = await api.session([a, b]);
      const { sessionId } = session;
      const { instances, notices, database } = api.repositories;
      await database.transaction(async (tx) => {
        await instances.save(anInstance({ sessionId, instanceId: gone, projectId: TENANT, state: 'GONE' }), tx);
        await instances.save(anInstance({ sessionId, instanceId: foreign, projectId: 'other' }), tx);
      });
      const listed = async () =>
        (await api.send('GET', `/v1/maintenance/${sessionId}/${TENANT}`, { token: 'reader' })).json.instance_ids;
      const tell = (noticeId: number, notice: object) =>
        database.transaction((tx) =>
          notices.insert(
            {
              sessionId,
              noticeId,
              projectId: TENANT,
              instanceId: null,
              host: null,
              state: 'MAINTENANCE',
              allowedActions: [],
              instanceIds: [a, b],
              actionsAt: null,
              replyAt: null,
              repeats: 0,
              deferredS: 0,
              openedAt: NOON,
              closedAt: null,
              outcome: null,
              actions: {},
              question: null,
              ...notice,
            },
            tx,
          ),
        );
      t.deepEqual(await listed(), [a, b]);
      await tell(1, { instanceId: a, instanceIds: [a], host: 'h' });
      t.deepEqual(await listed(), [a]);
      await tell(2, { instanceId: b, instanceIds: [b], host: 'h' });
      t.deepEqual(await listed(), [a, b], 'all that single notices are about');
      await tell(3, { host: 'h', instanceIds: [b, gone, foreign] });
      await tell(4, { instanceIds: [a] });
      t.deepEqual(await listed(), [b], 'the one that empties a host, without what is gone or foreign');
      await database.transaction((tx) => notices.update(sessionId, 3, { closedAt: NOON }, tx));
      t.deepEqual(await listed(), [a]);
      await database.transaction(async (tx) => {
        await instances.update(sessionId, a, { state: 'GONE' }, tx);
        await instances.update(sessionId, b, { state: 'GONE' }, tx);
      });
      t.deepEqual(await listed(), []);
    },
  );
}
