import { randomUUID } from 'node:crypto';
import test from 'ava';
import { timeText } from '../../src/api/schemas/time.js';
import { plusSeconds } from '../../src/common/clock.js';
import { NOTICE_STATES, type Notice } from '../../src/model/index.js';
import { TENANT, TestApi } from '../support/api.js';
import { databaseKinds } from '../support/api-databases.js';
import { anInstance, NOON } from '../support/api-records.js';

const A = 'aaaaaaaa-0000-4000-8000-000000000000';
const B = 'bbbbbbbb-0000-4000-8000-000000000000';
const ALL_ACTIONS = ['MIGRATE', 'LIVE_MIGRATE', 'OWN_ACTION'] as const;
/** To the project, about a host with both instances. */
const PLANNED: Partial<Notice> = {
  state: 'PLANNED_MAINTENANCE',
  host: 'compute-1',
  allowedActions: ALL_ACTIONS,
  instanceIds: [A, B],
};
/** To one instance, as in style vnf. */
const PREPARE_B: Partial<Notice> = { ...PLANNED, state: 'PREPARE_MAINTENANCE', instanceId: B, instanceIds: [B] };
const ACK = { state: 'ACK_PLANNED_MAINTENANCE' };

/** Ill-formed or impossible replies to a session with an open notice. */
const REFUSED: readonly [body: unknown, status: number, field: string | undefined][] = [
  [{}, 400, 'state'],
  [{ state: null }, 400, 'state'],
  [{ state: 7 }, 400, 'state'],
  [{ state: '' }, 400, 'state'],
  [{ state: 'PLANNED_MAINTENANCE' }, 400, 'state'],
  [{ state: 'ACK_' }, 400, 'state'],
  [{ state: 'ACK_START_MAINTENANCE' }, 400, 'state'],
  [{ state: 'ACK_MAINTENANCE_DONE' }, 400, 'state'],
  [{ state: 'ack_MAINTENANCE' }, 400, 'state'],
  [{ state: 'OK_MAINTENANCE' }, 400, 'state'],
  [{ state: 'DEFER_PLANNED_MAINTENANCE' }, 400, 'defer_seconds'],
  [{ ...ACK, defer_seconds: 5 }, 400, 'defer_seconds'],
  [{ state: 'NACK_PLANNED_MAINTENANCE', defer_seconds: 5 }, 400, 'defer_seconds'],
  [{ defer_seconds: 0 }, 400, 'defer_seconds'],
  [{ defer_seconds: 1.5 }, 400, 'defer_seconds'],
  [{ defer_seconds: '5' }, 400, 'defer_seconds'],
  [{ state: 'DEFER_NOTHING', defer_seconds: 5 }, 400, 'state'],
  [{ ...ACK, instance_actions: [] }, 400, 'instance_actions'],
  [{ ...ACK, instance_actions: 'MIGRATE' }, 400, 'instance_actions'],
  [{ ...ACK, instance_actions: { [A]: 1 } }, 400, `instance_actions.${A}`],
  [{ ...ACK, instance_action: {} }, 400, 'instance_action'],
  ['[]', 400, undefined],
  ['{', 400, undefined],
  ['', 400, undefined],
  [{ ...ACK, instance_actions: { [A]: 'DELETE' } }, 422, `instance_actions.${A}`],
  [{ ...ACK, instance_actions: { [A]: 'MIGRATE', [B]: 'REBOOT' } }, 422, `instance_actions.${B}`],
  [{ ...ACK, instance_action: 'EVACUATE' }, 422, 'instance_action'],
];

for (const kind of databaseKinds) {
  test.serial(
    `${kind.name}: a reply is stored for the session's owner, echoed, told in history, and wakes the engine`,
    async (t) => {
      const api = await TestApi.start(t, kind);
      const session = await api.session([A, B], [PLANNED]);
      const stranger = randomUUID();
      const body = {
        ...ACK,
        instance_actions: { [A]: 'OWN_ACTION', [stranger]: 'NONSENSE' },
        session_id: 'whatever',
        instance_ids: 5,
        deep: { x: [null] },
      };
      const answer = await api.reply(session, body);
      t.is(answer.status, 200);
      t.deepEqual(answer.json, body);
      const expected = {
        state: ACK.state,
        instanceId: null,
        instanceActions: { [A]: 'OWN_ACTION' },
        instanceAction: null,
      };
      t.deepEqual(await api.stored(session), [expected]);
      const [line] = await api.repositories.history.list(session.sessionId);
      t.like(line, { what: 'reply-received', who: 'user-member', at: api.clock.now() });
      t.is(line?.details.request_id, answer.headers['x-openstack-request-id']);
      t.deepEqual(api.woken, [session.sessionId]);
    },
  );

  test.serial(`${kind.name}: ACK and NACK of each awaited state count; what only informs awaits nothing`, async (t) => {
    const api = await TestApi.start(t, kind);
    for (const state of NOTICE_STATES) {
      const counts = !state.startsWith('INSTANCE_ACTION_');
      for (const word of [`ACK_${state}`, `NACK_${state}`]) {
        const session = await api.session([A], [{ state, instanceIds: [A] }]);
        t.is((await api.reply(session, { state: word })).status, 200);
        t.is((await api.stored(session)).length, counts ? 1 : 0, word);
        t.deepEqual(await api.history(session), [counts ? 'reply-received' : 'reply-ignored'], word);
      }
    }
  });

  test.serial(
    `${kind.name}: ill-formed and impossible replies are refused by name, and nothing is stored`,
    async (t) => {
      const api = await TestApi.start(t, kind);
      const session = await api.session([A, B], [PLANNED]);
      for (const [body, status, field] of REFUSED) {
        const answer = await api.reply(session, body);
        t.is(answer.status, status, `${JSON.stringify(body)}: ${answer.text}`);
        t.is(answer.json.field, field, `${JSON.stringify(body)}: ${answer.text}`);
      }
      t.deepEqual(await api.stored(session), []);
      t.deepEqual(await api.history(session), []);
      t.deepEqual(api.woken, []);
    },
  );

  test.serial(`${kind.name}: an instance's notice is answered by its own URL, with either key`, async (t) => {
    const api = await TestApi.start(t, kind);
    const state = 'ACK_PREPARE_MAINTENANCE';
    const bodies = [
      [
        { state, instance_action: 'LIVE_MIGRATE' },
        { instanceActions: {}, instanceAction: 'LIVE_MIGRATE' },
      ],
      [
        { state, instance_actions: { [B]: 'OWN_ACTION', [A]: 'x' } },
        { instanceActions: { [B]: 'OWN_ACTION' }, instanceAction: null },
      ],
      [
        { state, instance_actions: {} },
        { instanceActions: {}, instanceAction: null },
      ],
    ] as const;
    for (const [body, stored] of bodies) {
      const session = await api.session([A, B], [PREPARE_B]);
      t.is((await api.reply(session, body, B)).status, 200);
      t.deepEqual(await api.stored(session), [{ state, instanceId: B, ...stored }]);
      t.is((await api.reply(session, body, A)).status, 200, 'another instance of the project: nothing awaits it');
      t.is((await api.reply(session, { state })).status, 200, 'the project as a whole: likewise');
      t.is((await api.stored(session)).length, 1);
    }
    const refusing = await api.session([A, B], [PREPARE_B]);
    t.is((await api.reply(refusing, { state, instance_action: 'NONE' }, B)).json.field, 'instance_action');
  });

  test.serial(`${kind.name}: repeated, late and premature replies are answered alike and change nothing`, async (t) => {
    const api = await TestApi.start(t, kind);
    const closed = { ...PLANNED, closedAt: NOON, outcome: 'ack' } as const;
    const cases: [string, Parameters<TestApi['session']>, unknown][] = [
      ['no notice at all', [[A]], ACK],
      ['answered already', [[A], [closed]], ACK],
      ['of an earlier state', [[A], [PLANNED]], { state: 'ACK_MAINTENANCE' }],
      ['of a later state', [[A], [PLANNED]], { state: 'ACK_MAINTENANCE_COMPLETE' }],
      ['nobody waits for it', [[A], [PLANNED]], { state: 'ACK_INSTANCE_ACTION_DONE' }],
      ['of an earlier round', [[A], [PLANNED]], { ...ACK, instance_actions: { [randomUUID()]: 'MIGRATE' } }],
      ['session over', [[A], [closed], { state: 'MAINTENANCE_DONE' }], { state: 'ACK_MAINTENANCE_COMPLETE' }],
      ['more time, but nothing asked', [[A]], { defer_seconds: 5 }],
    ];
    for (const [what, made, body] of cases) {
      const session = await api.session(...made);
      const answer = await api.reply(session, body);
      t.is(answer.status, 200, what);
      t.deepEqual(answer.json, body, what);
      t.deepEqual(await api.stored(session), [], what);
      t.deepEqual(await api.history(session), ['reply-ignored'], what);
    }
    t.deepEqual(api.woken, []);
  });

  test.serial(`${kind.name}: a project that asks for more time is told how much it has, up to the limit`, async (t) => {
    const api = await TestApi.start(t, kind, { maxDeferS: 600 });
    const open = { ...PLANNED, replyAt: NOON, actionsAt: plusSeconds(NOON, 30) };
    const state = 'DEFER_PLANNED_MAINTENANCE';
    const steps: [body: { state?: string; defer_seconds: number }, grantedS: number][] = [
      [{ defer_seconds: 60 }, 60],
      [{ state, defer_seconds: 500 }, 560],
      [{ state, defer_seconds: 41 }, 600],
      [{ state, defer_seconds: 1e15 }, 600],
    ];
    const session = await api.session([A, B], [open]);
    for (const [body, grantedS] of steps) {
      const times = {
        reply_at: timeText(plusSeconds(NOON, grantedS)),
        actions_at: timeText(plusSeconds(NOON, 30 + grantedS)),
      };
      t.deepEqual((await api.reply(session, body)).json, { ...body, ...times });
    }
    const stored = await api.repositories.replies.unhandled(session.sessionId);
    t.deepEqual(
      stored.map((reply) => [reply.state, reply.deferSeconds]),
      [60, 500, 41, 2 ** 31 - 1].map((seconds) => [state, seconds]),
    );
    t.is(api.woken.length, 4);
    t.is((await api.repositories.history.list(session.sessionId))[0]?.details.defer_seconds, 60);
    t.is((await api.reply(session, ACK)).status, 200);
    const late = await api.reply(session, { defer_seconds: 5 });
    t.deepEqual([late.status, late.json], [200, { defer_seconds: 5 }], 'answered already: nothing is left to defer');
    t.is((await api.stored(session)).length, 5);

    const before = await api.session([A, B], [{ ...open, deferredS: 590 }]);
    const cut = await api.reply(before, { defer_seconds: 60 });
    t.is(cut.json.reply_at, timeText(plusSeconds(NOON, 10)), 'what was granted before counts');
    const single = await api.session([A, B], [{ ...PREPARE_B, replyAt: NOON, actionsAt: NOON }]);
    t.deepEqual((await api.reply(single, { defer_seconds: 7 })).json, { defer_seconds: 7 }, 'not to the project');
    t.is((await api.reply(single, { defer_seconds: 7 }, B)).json.actions_at, timeText(plusSeconds(NOON, 7)));
  });

  test.serial(`${kind.name}: an ACK sent twice at once is answered twice`, async (t) => {
    const api = await TestApi.start(t, kind);
    const session = await api.session([A, B], [PLANNED]);
    const answers = await Promise.all([api.reply(session, ACK), api.reply(session, ACK)]);
    t.deepEqual(
      answers.map(({ status }) => status),
      [200, 200],
    );
    t.is((await api.stored(session)).length, 2, 'the owner takes the first and finds nothing open for the second');
  });

  test.serial(
    `${kind.name}: a reply to a deleted session is 200 without effect, of its own projects and instances only`,
    async (t) => {
      const api = await TestApi.start(t, kind);
      const session = await api.session([A, B], [PLANNED, { ...PREPARE_B, noticeId: 2 }]);
      await api.send('DELETE', `/v1/maintenance/${session.sessionId}`, { token: 'admin' });
      api.woken.length = 0;
      t.is((await api.reply(session, ACK)).status, 200);
      t.is((await api.reply(session, { state: 'ACK_PREPARE_MAINTENANCE' }, B)).status, 200);
      t.is((await api.reply(session, ACK, randomUUID())).status, 404);
      t.is((await api.reply(session, { state: 'nonsense' })).status, 400);
      t.deepEqual(await api.stored(session), []);
      t.deepEqual(await api.history(session), ['delete', 'reply-ignored', 'reply-ignored']);
      t.deepEqual(api.woken, []);
    },
  );

  test.serial(`${kind.name}: another project's instance is not in one's own path`, async (t) => {
    const api = await TestApi.start(t, kind);
    const session = await api.session([A], [PLANNED]);
    const { instances, database } = api.repositories;
    const foreign = anInstance({ sessionId: session.sessionId, projectId: 'other' });
    await database.transaction((tx) => instances.save(foreign, tx));
    t.is((await api.reply(session, ACK, foreign.instanceId)).status, 404);
  });
}

for (const kind of databaseKinds) {
  test.serial(`${kind.name}: of replies that come at once each gets its own answer, and counts once`, async (t) => {
    const api = await TestApi.start(t, kind);
    const sessions = [];
    for (let n = 0; n < 5; n += 1) sessions.push(await api.session([A, B], [PLANNED, PREPARE_B]));
    const [refused] = sessions;
    const before = sessions.flatMap((session) => [
      api.reply(session, { ...ACK, instance_action: 'MIGRATE' }),
      api.reply(session, { state: 'ACK_PREPARE_MAINTENANCE' }, B),
      api.reply(session, { state: 'ACK_SCALE_IN' }),
    ]);
    const bad = refused && api.reply(refused, { ...ACK, instance_action: 'EVACUATE' });
    const lost = api.send('PUT', `/v1/maintenance/${randomUUID()}/${TENANT}`, { token: 'member', body: ACK });
    t.deepEqual(
      (await Promise.all(before)).map(({ status }) => status),
      before.map(() => 200),
    );
    t.deepEqual([(await bad)?.status, (await lost).status], [422, 404]);
    for (const session of sessions) {
      const stored = (await api.stored(session)).map((reply) => (reply as { state: string }).state).sort();
      t.deepEqual(stored, ['ACK_PLANNED_MAINTENANCE', 'ACK_PREPARE_MAINTENANCE']);
      t.deepEqual((await api.history(session)).sort(), ['reply-ignored', 'reply-received', 'reply-received']);
    }
  });

  test.serial(`${kind.name}: a reply that the database does not take is the only one that fails`, async (t) => {
    const api = await TestApi.start(t, kind);
    const sessions = [];
    for (let n = 0; n < 4; n += 1) sessions.push(await api.session([A], [PLANNED]));
    const { knex } = api.repositories.database;
    const refuse = {
      SQLite: "when new.instance_action = 'OWN_ACTION' begin select raise(abort, 'no'); end",
      MariaDB: "for each row if new.instance_action = 'OWN_ACTION' then signal sqlstate '45000'; end if",
    }[kind.name];
    await knex.raw(`create trigger picky before insert on replies ${refuse}`);
    const statuses = await Promise.all(
      sessions.map((session, n) =>
        api.reply(session, { ...ACK, instance_action: n === 2 ? 'OWN_ACTION' : 'MIGRATE' }).then(
          ({ status }) => status,
          ({ message }: Error) => message.replace(/.* answered (500): .*/, '$1'),
        ),
      ),
    );
    t.deepEqual(statuses, [200, 200, '500', 200]);
    t.is(api.faults.splice(0).length, 1, 'the 500 that was wanted');
    for (const [n, session] of sessions.entries()) t.is((await api.stored(session)).length, n === 2 ? 0 : 1);
  });
}
