import test from 'ava';
import workflow from '../../plugins/workflows/default.js';
import type { ActiveState, Notice, SessionAction, SessionHost } from '../../src/model/index.js';
import type { Decision, Step } from '../../src/workflow/decisions.js';
import type { SessionView } from '../../src/workflow/view.js';
import { anEffect, aServer, aService, at, aView, tools } from '../support/engine-views.js';

const handle = (state: ActiveState, view: SessionView, ...withoutManager: string[]): Promise<Step> =>
  Promise.resolve(workflow.states[state](view, tools(...withoutManager)));
const decisionsOf = (step: Step): readonly Decision[] => ('do' in step ? step.do : []);
const kinds = (step: Step): string[] => decisionsOf(step).map(({ kind }) => kind);

const host = (hostname: string, overrides: Partial<SessionHost> = {}): Partial<SessionHost> => ({
  hostname,
  ...overrides,
});
const controller = host('ctl', { type: 'controller', isCompute: false });
const storage = host('nas', { type: 'other', isCompute: false });
const done = { state: 'done', maintained: true } as const;
const computes = ['c1', 'c2', 'c3'].map((name) => host(name));
/** Each compute holds one of its two places. */
const spread = ['c1', 'c2', 'c3'].map((name) => aServer(`i-${name}`, name));
const full = ['c1', 'c2', 'c3'].flatMap((name) => [aServer(`a-${name}`, name), aServer(`b-${name}`, name)]);
const action = (type: SessionAction['type']): SessionAction => ({
  type,
  name: 'x',
  plugin: 'x',
  order: 0,
  metadata: {},
});
const answered = (state: Notice['state'], outcome: Notice['outcome'], rest: Partial<Notice> = {}): Partial<Notice> => ({
  state,
  outcome,
  instanceIds: spread.map(({ id }) => id),
  openedAt: at(-20),
  closedAt: at(-10),
  ...rest,
});
const acked = answered('MAINTENANCE', 'ack', { actionsAt: at(0) });

test('MAINTENANCE: first the hosts join', async (t) => {
  t.deepEqual(kinds(await handle('MAINTENANCE', aView())), ['join-hosts']);
});

test('MAINTENANCE: a session without any host fails, saying which were left out', async (t) => {
  const step = await handle('MAINTENANCE', aView({ services: [aService('c1', { up: false })] }));
  t.like(step, { to: 'MAINTENANCE_FAILED', reason: { code: 'no-hosts' } });
  t.regex('to' in step ? step.why : '', /c1: Its nova-compute service is down/);
});

test('MAINTENANCE: every project on the computes is told, with its own instances', async (t) => {
  const servers = [
    aServer('i1', 'c1'),
    aServer('i2', 'c2', { projectId: 'other' }),
    aServer('i3', 'c3'),
    aServer('i4', 'c9'),
  ];
  const step = await handle('MAINTENANCE', aView({ hosts: computes, servers, session: { maintenanceAt: at(300) } }));
  t.deepEqual(
    decisionsOf(step).map((decision) => decision.kind === 'open-notice' && [decision.projectId, decision.instanceIds]),
    [
      ['tenant', ['i1', 'i3']],
      ['other', ['i2']],
    ],
  );
  t.like(decisionsOf(step)[0], { state: 'MAINTENANCE', allowedActions: [], replyAt: at(40), actionsAt: at(300) });
});

test('MAINTENANCE: projects without a manager fail the session before anybody is told, all of them named', async (t) => {
  const servers = [
    aServer('i1', 'c1'),
    aServer('i2', 'c2', { projectId: 'p' }),
    aServer('i3', 'c2', { projectId: 'q' }),
  ];
  const step = await handle('MAINTENANCE', aView({ hosts: computes, servers }), 'p', 'q');
  t.like(step, { to: 'MAINTENANCE_FAILED', reason: { code: 'no-manager' } });
  t.regex('to' in step ? step.why : '', /p, q/);
});

test('MAINTENANCE: without instances nobody is asked and no alarm is needed', async (t) => {
  const noAlarms = { ...tools(), projectsWithManager: () => t.fail('nobody is to be looked for') as never };
  const step = await workflow.states.MAINTENANCE(aView({ hosts: computes }), noAlarms);
  t.like(step, { to: 'START_MAINTENANCE' });
});

for (const [outcome, code] of [
  ['nack', 'nack'],
  ['silent', 'silence'],
] as const) {
  test(`MAINTENANCE: ${code} fails the session and names the project`, async (t) => {
    const view = aView({ hosts: computes, servers: spread, notices: [answered('MAINTENANCE', outcome)] });
    t.like(await handle('MAINTENANCE', view), {
      to: 'MAINTENANCE_FAILED',
      reason: { code, projectId: 'tenant' },
    });
  });
}

test('MAINTENANCE: after the answers it waits for maintenance_at, or longer if the projects were told so', async (t) => {
  const view = (actionsAt: Date, repeats = 0) =>
    aView({
      hosts: computes,
      servers: spread,
      session: { maintenanceAt: at(100) },
      notices: [{ ...acked, actionsAt, repeats }],
    });
  t.like(await handle('MAINTENANCE', view(at(100))), { wait: { for: 'maintenance-at', until: at(100) } });
  t.like(await handle('MAINTENANCE', view(at(110))), { wait: { until: at(110) } });
  t.like(await handle('MAINTENANCE', view(at(140), 1)), { wait: { until: at(100) } }, 'a repeat moves nothing');
});

const ready = (parts: Parameters<typeof aView>[0] = {}) =>
  aView({ hosts: computes, servers: spread, notices: [acked], ...parts });

test('MAINTENANCE: pre runs on the engine, once, after the answers; its failure fails the session', async (t) => {
  const session = { actions: [action('pre')] };
  t.deepEqual(decisionsOf(await handle('MAINTENANCE', ready({ session }))), [
    { kind: 'run-plugin', host: 'localhost', type: 'pre', name: 'x' },
  ]);
  const ran = (state: 'done' | 'failed') => ({
    effects: [anEffect({ kind: 'plugin', subject: 'localhost', action: 'pre/x', state, outcome: { state: '' } })],
  });
  t.like(await handle('MAINTENANCE', ready({ session, rest: ran('done') })), { to: 'PREPARE_MAINTENANCE' });
  t.like(await handle('MAINTENANCE', ready({ session, rest: ran('failed') })), {
    to: 'MAINTENANCE_FAILED',
    reason: { code: 'plugin-failed' },
  });
});

test('MAINTENANCE: where to go is decided by free room', async (t) => {
  const next = async (parts: Parameters<typeof aView>[0]) => {
    const step = await handle('MAINTENANCE', ready(parts));
    return 'to' in step ? step.to : step;
  };
  t.is(await next({}), 'PREPARE_MAINTENANCE', 'one host’s instances fit on the others');
  t.is(await next({ servers: full, notices: [{ ...acked, instanceIds: full.map(({ id }) => id) }] }), 'SCALE_IN');
  t.is(await next({ servers: spread.slice(1) }), 'START_MAINTENANCE', 'c1 is empty');
  t.is(await next({ hosts: [controller, storage] }), 'START_MAINTENANCE', 'nothing is to be emptied');
});

const since = { stateSince: at(-30) };
const round = (outcome: Notice['outcome'], servers = full) =>
  answered('SCALE_IN', outcome, { instanceIds: servers.map(({ id }) => id) });

test('SCALE_IN: everybody is asked, with the window of its own', async (t) => {
  const step = await handle('SCALE_IN', aView({ hosts: computes, servers: full, session: since }));
  t.like(decisionsOf(step)[0], { kind: 'open-notice', state: 'SCALE_IN', replyAt: at(60), actionsAt: at(60) });
});

test('SCALE_IN: the silent are asked once more, never twice', async (t) => {
  const open = { ...round(null), closedAt: null, replyAt: at(-1) };
  const asked = async (repeats: number) =>
    decisionsOf(
      await handle(
        'SCALE_IN',
        aView({ hosts: computes, servers: full, session: since, notices: [{ ...open, repeats }] }),
      ),
    );
  t.like((await asked(0))[0], { kind: 'repeat-notice' });
  t.like((await asked(1))[0], { kind: 'close-notice', outcome: 'silent' });
});

test('SCALE_IN: with room gained it goes on; with hosts maintained already, where it came from', async (t) => {
  const after = (hosts: Partial<SessionHost>[]) =>
    aView({ hosts, servers: spread, session: since, notices: [round('ack')] });
  t.like(await handle('SCALE_IN', after(computes)), { to: 'PREPARE_MAINTENANCE' });
  t.like(await handle('SCALE_IN', after([host('c1', done), host('c2'), host('c3')])), { to: 'PLANNED_MAINTENANCE' });
});

test('SCALE_IN: without room it asks again, but not for ever', async (t) => {
  const after = (rounds: number) =>
    aView({
      hosts: computes,
      servers: full,
      session: since,
      notices: Array.from({ length: rounds }, () => round('ack')),
    });
  t.like(await handle('SCALE_IN', after(2)), { to: 'SCALE_IN' });
  t.like(await handle('SCALE_IN', after(3)), { to: 'MAINTENANCE_FAILED', reason: { code: 'no-room' } });
});

const planned = (from: string, instanceId: string, target: string) => ({
  plans: new Map([[from, { host: from, moves: [{ instanceId, target }], blocked: [] }]]),
});

test('PREPARE_: the cheapest host is planned first: no floating IP, then the fewest instances', async (t) => {
  const servers = [
    aServer('i1', 'c1', { hasFloatingIp: true }),
    aServer('i2', 'c2'),
    aServer('i3', 'c2'),
    aServer('i4', 'c3'),
  ];
  const roomy = { vcpus: 40, memoryMb: 81_920, diskGb: 400 };
  const view = (some = servers) =>
    aView({ hosts: computes, servers: some, capacities: { c1: roomy, c2: roomy, c3: roomy } });
  t.like(decisionsOf(await handle('PREPARE_MAINTENANCE', view()))[0], { kind: 'adopt-plan', plan: { host: 'c3' } });
  const without = [...servers, aServer('i5', 'c3', { hasFloatingIp: true })];
  t.like(decisionsOf(await handle('PREPARE_MAINTENANCE', view(without)))[0], { plan: { host: 'c2' } });
});

test('PREPARE_: a host is taken only after its plan was adopted, i.e. proven', async (t) => {
  const view = aView({ hosts: computes, servers: spread, rest: planned('c1', 'i-c1', 'c2') });
  t.deepEqual(decisionsOf(await handle('PREPARE_MAINTENANCE', view)), [{ kind: 'take-host', host: 'c1' }]);
});

test('PREPARE_: a plan that no longer covers what is on the host is made anew', async (t) => {
  const servers = [...spread, aServer('new', 'c1', { resources: { vcpus: 1, memoryMb: 1, diskGb: 1 } })];
  const view = aView({ hosts: computes, servers, rest: planned('c1', 'i-c1', 'c2') });
  t.deepEqual(kinds(await handle('PREPARE_MAINTENANCE', view)), ['adopt-plan']);
});

const emptying = (parts: Parameters<typeof aView>[0] = {}) =>
  aView({
    hosts: [host('c1', { state: 'emptying', disabled: true }), host('c2'), host('c3')],
    servers: spread,
    ...parts,
    rest: {
      effects: [anEffect({ kind: 'service', subject: 'c1', action: 'disable', state: 'done' })],
      ...planned('c1', 'i-c1', 'c2'),
      ...parts.rest,
    },
  });

test('PREPARE_: the projects on the host are told with what they may choose, then moved as they chose', async (t) => {
  t.like(decisionsOf(await handle('PREPARE_MAINTENANCE', emptying()))[0], {
    kind: 'open-notice',
    state: 'PREPARE_MAINTENANCE',
    host: 'c1',
    instanceIds: ['i-c1'],
    allowedActions: ['MIGRATE', 'LIVE_MIGRATE', 'OWN_ACTION'],
    replyAt: at(40),
    actionsAt: at(40),
  });
  const notice = answered('PREPARE_MAINTENANCE', 'ack', {
    host: 'c1',
    instanceIds: ['i-c1'],
    actions: { 'i-c1': 'LIVE_MIGRATE' },
  });
  t.deepEqual(decisionsOf(await handle('PREPARE_MAINTENANCE', emptying({ notices: [notice] }))), [
    { kind: 'move-instance', instanceId: 'i-c1', action: 'LIVE_MIGRATE', target: 'c2' },
  ]);
});

test('PREPARE_: nobody is told before the host’s service is disabled', async (t) => {
  const effects = [anEffect({ kind: 'service', subject: 'c1', action: 'disable', state: 'begun' })];
  t.like(await handle('PREPARE_MAINTENANCE', emptying({ rest: { effects } })), { wait: { for: 'service' } });
});

test('PREPARE_: a host without instances is verified, one that is empty is maintained', async (t) => {
  t.deepEqual(decisionsOf(await handle('PREPARE_MAINTENANCE', emptying({ servers: spread.slice(1) }))), [
    { kind: 'verify-empty', host: 'c1' },
  ]);
  const view = aView({ hosts: [host('c1', { state: 'empty' }), host('c2')], servers: spread.slice(1) });
  t.like(await handle('PREPARE_MAINTENANCE', view), { to: 'START_MAINTENANCE' });
});

test('PREPARE_: when room was lost, capacity is asked for', async (t) => {
  t.like(await handle('PREPARE_MAINTENANCE', aView({ hosts: computes, servers: full })), { to: 'SCALE_IN' });
});

const start = (hosts: Partial<SessionHost>[], parts: Parameters<typeof aView>[0] = {}) =>
  handle(
    'START_MAINTENANCE',
    aView({ hosts, services: computes.map(({ hostname }) => aService(hostname as string)), ...parts }),
  );

test('START_: controllers first, then empty computes, the others last', async (t) => {
  const [c1, c2] = computes as [Partial<SessionHost>, Partial<SessionHost>];
  const servers = [aServer('i', 'c1')];
  t.like(decisionsOf(await start([c1, c2, controller, storage], { servers }))[0], { host: 'ctl', state: 'empty' });
  t.deepEqual(decisionsOf(await start([c1, c2, { ...controller, ...done }, storage], { servers })), [
    { kind: 'take-host', host: 'c2' },
  ]);
  t.like(await start([c1, { ...c2, ...done }, storage], { servers }), { to: 'PLANNED_MAINTENANCE' });
  t.like(decisionsOf(await start([{ ...c1, ...done }, { ...c2, ...done }, storage]))[0], {
    host: 'nas',
    state: 'empty',
  });
  t.like(
    await start([
      { ...c1, ...done },
      { ...storage, ...done },
    ]),
    { to: 'MAINTENANCE_COMPLETE' },
  );
});

test('START_: a taken host is verified empty only after its service is disabled', async (t) => {
  const hosts = [host('c1', { state: 'emptying', disabled: true })];
  const service = (state: 'begun' | 'done') => ({
    rest: { effects: [anEffect({ kind: 'service', subject: 'c1', action: 'disable', state })] },
  });
  t.like(await start(hosts, service('begun')), { wait: { for: 'service' } });
  t.deepEqual(kinds(await start(hosts, service('done'))), ['verify-empty']);
});

test('START_: an instance that came onto the host before it was disabled is moved like any other', async (t) => {
  const hosts = [host('c1', { state: 'emptying', disabled: true }), host('c2', done)];
  t.like(await start(hosts, { servers: [aServer('late', 'c1')] }), { to: 'PLANNED_MAINTENANCE' });
});

test('START_: empty, in maintenance, its actions, done, given back: one after the other', async (t) => {
  const session = { actions: [action('compute')] };
  const as = (state: SessionHost['state'], more: Partial<SessionHost> = {}) => [
    host('c1', { state, disabled: true, ...more }),
  ];
  t.like(decisionsOf(await start(as('empty'), { session }))[0], { kind: 'set-host-state', state: 'in_maintenance' });
  t.like(decisionsOf(await start(as('in_maintenance'), { session }))[0], { kind: 'run-plugin', host: 'c1', name: 'x' });
  const ran = (state: 'done' | 'failed') => ({
    effects: [anEffect({ kind: 'plugin', subject: 'c1', action: 'compute/x', state, outcome: {} })],
  });
  t.like(decisionsOf(await start(as('in_maintenance'), { session, rest: ran('done') }))[0], { state: 'done' });
  t.like(await start(as('in_maintenance'), { session, rest: ran('failed') }), { to: 'MAINTENANCE_FAILED' });
  const finished = as('done', { maintained: true });
  t.deepEqual(decisionsOf(await start(finished, { session })), [{ kind: 'give-host-back', host: 'c1' }]);
  const giving = { effects: [anEffect({ kind: 'service', subject: 'c1', action: 'enable', state: 'begun' })] };
  t.like(await start(finished, { session, rest: giving }), { wait: { for: 'service' } });
  t.like(await start(as('done', { maintained: true, disabled: false }), { session }), { to: 'MAINTENANCE_COMPLETE' });
});

test('START_: one compute at a time', async (t) => {
  const step = await start([host('c1', { state: 'in_maintenance' }), host('c2')], {
    session: { actions: [action('compute')] },
  });
  t.like(decisionsOf(step)[0], { kind: 'run-plugin', host: 'c1' });
  t.is(decisionsOf(step).length, 1);
});

test('PLANNED_: instances go to maintained hosts only, never to one that others disabled', async (t) => {
  const hosts = [host('c1'), host('c2', { ...done, disabledBefore: true }), host('c3', done), host('c4')];
  const services = ['c1', 'c2', 'c3', 'c4'].map((name) => aService(name));
  const view = aView({ hosts, services, servers: [aServer('i1', 'c1')] });
  const withC4 = {
    ...view,
    cloud: { ...view.cloud, servers: [aServer('i1', 'c1'), aServer('i4', 'c4'), aServer('j4', 'c4')] },
  };
  t.like(decisionsOf(await handle('PLANNED_MAINTENANCE', withC4))[0], {
    kind: 'adopt-plan',
    plan: { host: 'c1', moves: [{ instanceId: 'i1', target: 'c3' }] },
  });
});

test('PLANNED_: lost room sends it to SCALE_IN; with nothing left to empty it goes on', async (t) => {
  const hosts = [host('c1', done), host('c2'), host('c3')];
  t.like(await handle('PLANNED_MAINTENANCE', aView({ hosts, servers: full })), { to: 'SCALE_IN' });
  t.like(await handle('PLANNED_MAINTENANCE', aView({ hosts: [host('c1', done)] })), { to: 'START_MAINTENANCE' });
});

test('COMPLETE: post first, then the projects are told, once', async (t) => {
  const session = { actions: [action('post')] };
  const hosts = [host('c1', done)];
  const servers = [aServer('i1', 'c1')];
  t.like(decisionsOf(await handle('MAINTENANCE_COMPLETE', aView({ hosts, servers, session })))[0], {
    kind: 'run-plugin',
    host: 'localhost',
    type: 'post',
  });
  t.like(decisionsOf(await handle('MAINTENANCE_COMPLETE', aView({ hosts, servers })))[0], {
    kind: 'open-notice',
    state: 'MAINTENANCE_COMPLETE',
    replyAt: at(60),
  });
  const open = { state: 'MAINTENANCE_COMPLETE' as const, instanceIds: ['i1'], replyAt: at(-1) };
  t.like(decisionsOf(await handle('MAINTENANCE_COMPLETE', aView({ hosts, servers, notices: [open] })))[0], {
    kind: 'close-notice',
    outcome: 'silent',
  });
});

for (const outcome of ['ack', 'nack', 'silent'] as const) {
  test(`COMPLETE: ${outcome} ends in DONE; what was not an ACK is noted`, async (t) => {
    const hosts = [host('c1', done)];
    const notices = [answered('MAINTENANCE_COMPLETE', outcome, { instanceIds: ['i1'] })];
    const step = await handle('MAINTENANCE_COMPLETE', aView({ hosts, servers: [aServer('i1', 'c1')], notices }));
    t.like(step, { to: 'MAINTENANCE_DONE' });
    t.is('to' in step && /Noted: Project tenant/.test(step.why), outcome !== 'ack');
  });
}
