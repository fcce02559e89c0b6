import test from 'ava';
import { SystemMachineClock } from '../../src/common/clock.js';
import { type Logger, silentLogger } from '../../src/common/logger.js';
import type { Broker } from '../../src/messaging/broker.js';
import { type FaultSettings, isCast } from '../../src/messaging/faults.js';
import { MemoryBroker } from '../../src/messaging/memory-broker.js';
import { RpcClient } from '../../src/messaging/rpc-client.js';
import type { Notice } from '../../src/model/notice.js';
import { NOTICE_STATES, type NoticeState } from '../../src/model/states.js';
import { HOST_EVENT, hostPayload } from '../../src/notifications/host.js';
import { type NoticeStyle, SCHEDULED_EVENT, scheduledPayload } from '../../src/notifications/scheduled.js';
import { SESSION_EVENT, sessionPayload } from '../../src/notifications/session.js';
import { instanceUrl, projectUrl } from '../../src/notifications/urls.js';
import { EngineApi } from '../../src/rpc/engine-api.js';
import { serveEngineApi } from '../../src/rpc/engine-server.js';
import { aMessage, collect, settled } from '../support/messaging.js';

const PUBLIC = 'http://ctl:12347/v1';
const SID = '5b9f3c2e-0000-4000-8000-000000000001';
const PID = '0123456789abcdef0123456789abcdef';
const IID = '5b9f3c2e-0000-4000-8000-00000000000a';
const PROJECT_URL = `${PUBLIC}/maintenance/${SID}/${PID}`;
const INSTANCE_URL = `${PROJECT_URL}/${IID}`;
const session = { sessionId: SID, metadata: { openstack_version: 'Train' } };

function aNotice(more: Partial<Notice> = {}): Notice {
  return {
    sessionId: SID,
    noticeId: 1,
    projectId: PID,
    instanceId: IID,
    host: 'compute-1',
    state: 'PLANNED_MAINTENANCE',
    allowedActions: ['MIGRATE', 'LIVE_MIGRATE', 'OWN_ACTION'],
    instanceIds: [IID],
    actionsAt: new Date('2026-01-01T10:00:00.900Z'),
    replyAt: new Date('2026-01-01T09:59:59Z'),
    repeats: 0,
    deferredS: 0,
    openedAt: new Date('2026-01-01T09:59:00Z'),
    closedAt: null,
    outcome: null,
    actions: {},
    question: null,
    ...more,
  };
}

const payloadOf = (style: NoticeStyle, more: Partial<Notice> = {}, publicUrl = PUBLIC) =>
  scheduledPayload({ session, notice: aNotice(more), style, publicUrl });

test('maintenance.scheduled has exactly the fields of the contract', (t) => {
  t.is(SCHEDULED_EVENT, 'maintenance.scheduled');
  t.deepEqual(payloadOf('vnf'), {
    service: 'fenix',
    session_id: SID,
    project_id: PID,
    state: 'PLANNED_MAINTENANCE',
    allowed_actions: ['MIGRATE', 'LIVE_MIGRATE', 'OWN_ACTION'],
    instance_ids: [IID],
    actions_at: '2026-01-01T10:00:00',
    reply_at: '2026-01-01T09:59:59',
    metadata: { openstack_version: 'Train' },
    reply_url: INSTANCE_URL,
  });
});

/** What `instance_ids` and `reply_url` are, by style and state (v1 §2.3). */
const FORMS: Readonly<Record<NoticeState, Readonly<Record<NoticeStyle, readonly [unknown, string]>>>> = {
  MAINTENANCE: { default: [PROJECT_URL, PROJECT_URL], vnf: [PROJECT_URL, PROJECT_URL] },
  SCALE_IN: { default: [PROJECT_URL, PROJECT_URL], vnf: [PROJECT_URL, PROJECT_URL] },
  MAINTENANCE_COMPLETE: { default: [PROJECT_URL, PROJECT_URL], vnf: [PROJECT_URL, PROJECT_URL] },
  PREPARE_MAINTENANCE: { default: [PROJECT_URL, PROJECT_URL], vnf: [[IID], INSTANCE_URL] },
  PLANNED_MAINTENANCE: { default: [PROJECT_URL, PROJECT_URL], vnf: [[IID], INSTANCE_URL] },
  INSTANCE_ACTION_DONE: { default: [[IID], PROJECT_URL], vnf: [[IID], INSTANCE_URL] },
  INSTANCE_ACTION_FALLBACK: { default: [[IID], PROJECT_URL], vnf: [[IID], INSTANCE_URL] },
  INSTANCE_ACTION_FAILED: { default: [[IID], PROJECT_URL], vnf: [[IID], INSTANCE_URL] },
};

for (const style of ['default', 'vnf'] as const) {
  test(`in ${style} style the form of instance_ids and reply_url follows from the state alone`, (t) => {
    for (const state of NOTICE_STATES) {
      const { instance_ids, reply_url } = payloadOf(style, { state });
      t.deepEqual([instance_ids, reply_url], [...FORMS[state][style]] as never, state);
    }
  });
}

test('a finished action carries no metadata and no times', (t) => {
  const done = payloadOf('vnf', { state: 'INSTANCE_ACTION_DONE', actionsAt: null, replyAt: null, allowedActions: [] });
  t.like(done, { metadata: {}, actions_at: null, reply_at: null, allowed_actions: [] });
});

test('a notice that must be about one instance and names none is a mistake, not a wrong payload', (t) => {
  t.throws(() => payloadOf('vnf', { instanceId: null }), { instanceOf: TypeError });
  t.throws(() => payloadOf('default', { instanceId: null, state: 'INSTANCE_ACTION_DONE' }), { instanceOf: TypeError });
  t.notThrows(() => payloadOf('default', { instanceId: null }));
});

test('URLs keep the public address as it is configured, IPv6 in brackets', (t) => {
  const base = 'https://[2001:db8::1]:12347/v1';
  t.is(projectUrl(base, SID, PID), `${base}/maintenance/${SID}/${PID}`);
  t.is(instanceUrl(`${base}/`, SID, PID, IID), `${base}/maintenance/${SID}/${PID}/${IID}`);
});

test('the longest allowed public URL gives a reply_url that is not cut on its way', (t) => {
  const base = `https://${'h'.repeat(104 - 'https:///v1'.length)}/v1`;
  t.is(base.length, 104);
  t.true(instanceUrl(base, SID, 'p'.repeat(64), IID).length <= 255);
});

test('maintenance.host and maintenance.session have exactly the fields of the contract', (t) => {
  t.is(HOST_EVENT, 'maintenance.host');
  const host = { sessionId: SID, hostname: 'compute-1', state: 'IN_MAINTENANCE', adminProjectId: PID } as const;
  t.deepEqual(hostPayload(host), {
    service: 'fenix',
    host: 'compute-1',
    state: 'IN_MAINTENANCE',
    session_id: SID,
    project_id: PID,
  });
  t.is(SESSION_EVENT, 'maintenance.session');
  const going = { sessionId: SID, state: 'START_MAINTENANCE', percentDone: 40, metadata: { secret: true } } as const;
  t.deepEqual(sessionPayload({ session: going, adminProjectId: PID }), {
    service: 'fenix',
    state: 'START_MAINTENANCE',
    session_id: SID,
    percent_done: 40,
    project_id: PID,
  });
});

/** An API's view of `engines` engines. */
async function someEngines(engines: number, faults?: FaultSettings) {
  const memory = new MemoryBroker(faults && { faults });
  const common = { exchange: 'openstack', clock: new SystemMachineClock(), logger: silentLogger };
  const woken: [number, ...unknown[]][] = [];
  for (let n = 0; n < engines; n += 1) {
    const handlers = {
      wake: (...call: unknown[]) => void woken.push([n, ...call]),
      ping: () => ({ engineId: `engine-${n}`, version: '0.1.0' }),
    };
    await serveEngineApi({ ...common, broker: memory.connect(), server: `host-${n}` }, handlers).start();
  }
  const warnings: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (_, message) => void warnings.push(message) };
  const broker: Broker = memory.connect();
  const api = new EngineApi({ client: new RpcClient({ ...common, broker }), logger });
  return { api, memory, broker, woken, warnings };
}

test('a wake reaches every engine, with who asked', async (t) => {
  const { api, woken } = await someEngines(2);
  const context = { requestId: 'req-1', userId: 'u', projectId: 'p', from: '192.0.2.1' };
  t.true(await api.wake(SID, context));
  t.true(await api.wake(SID));
  await settled();
  const byEngine = woken.sort(([one], [other]) => one - other);
  t.deepEqual(byEngine as unknown[], [
    [0, SID, context],
    [0, SID, undefined],
    [1, SID, context],
    [1, SID, undefined],
  ]);
});

test('sessions that are named in one message are woken one by one, on every engine', async (t) => {
  const { api, woken } = await someEngines(2);
  t.true(await api.wakeAll([SID, 'other']));
  await settled();
  const byEngine = woken.sort(([one], [other]) => one - other);
  t.deepEqual(byEngine as unknown[], [
    [0, SID, undefined],
    [0, 'other', undefined],
    [1, SID, undefined],
    [1, 'other', undefined],
  ]);
});

test('a lost wake, no engine and no broker are no error for the API, and an outage is logged once', async (t) => {
  const lossy = await someEngines(1, { seed: 1, loss: 1, appliesTo: isCast });
  t.true(await lossy.api.wake(SID));
  t.like(await lossy.api.ping(), { engineId: 'engine-0' });
  t.deepEqual(lossy.woken, []);

  const { api, broker, warnings } = await someEngines(0);
  t.true(await api.wake(SID));
  t.deepEqual(warnings, []);
  await broker.close();
  t.false(await api.wake(SID));
  t.false(await api.wake(SID));
  t.is(warnings.length, 1);
});

test('a ping is answered by any engine, or by the one that was asked', async (t) => {
  const { api } = await someEngines(2);
  t.regex((await api.ping()).engineId, /^engine-[01]$/);
  t.deepEqual(await api.ping('host-1'), { engineId: 'engine-1', version: '0.1.0' });
});

test('a wake without ids of sessions is refused with a TypeError as in Python', async (t) => {
  const { memory, broker, woken } = await someEngines(1);
  await broker.declareQueue('answers', { durable: false, autoDelete: false });
  const answers = await collect(broker, 'answers');
  const bad = [
    { method: 'wake', args: {} },
    { method: 'wake_all', args: {}, version: '1.1' },
    { method: 'wake_all', args: { session_ids: ['s', 1] }, version: '1.1' },
  ];
  for (const content of bad) {
    await broker.publish(aMessage('fenix.engine', { ...content, _msg_id: 'm', _reply_q: 'answers' }));
    await settled();
    t.like(JSON.parse(String(answers.pop()?.failure)), { class: 'TypeError', module: 'builtins' });
  }
  t.deepEqual(woken, []);
  t.true(memory.topology().queues.some(({ name }) => name === 'fenix.engine.host-0'));
});
