import test from 'ava';
import { fnmatch } from '../../src/common/fnmatch.js';
import type { JournalEntry, SessionAction } from '../../src/model/index.js';
import { discoverHosts, readSurroundings } from '../../src/workflow/discovery.js';
import { nextMoves } from '../../src/workflow/emptying.js';
import { notYetTaken } from '../../src/workflow/emptying-flow.js';
import { disabledReason } from '../../src/workflow/hosts.js';
import { actionsFor, actionsOf, progressOf } from '../../src/workflow/maintaining.js';
import { NO_VALID_HOST } from '../../src/workflow/migrations.js';
import { NOT_PROVEN, planSnapshot, serversOn, worthAsking } from '../../src/workflow/room.js';
import type { SessionView } from '../../src/workflow/view.js';
import { aHost, NOON } from '../support/api-records.js';
import { anEffect, anImpact, aServer, aService, at, aView, HOST_SIZE, SMALL, tools } from '../support/engine-views.js';

const conductor = (host: string) => aService(host, { binary: 'nova-conductor' });

test('discovery: without given hosts, every host of a conductor or a compute, by name', (t) => {
  const view = aView({
    services: [aService('c2'), conductor('ctl'), aService('c1'), aService('both'), conductor('both')],
  });
  const { hosts, excluded } = discoverHosts(view, { ironic: [] });
  t.deepEqual(
    hosts.map(({ hostname, type, isCompute }) => [hostname, type, isCompute]),
    [
      ['both', 'controller', true],
      ['c1', 'compute', true],
      ['c2', 'compute', true],
      ['ctl', 'controller', false],
    ],
  );
  t.deepEqual(excluded, []);
});

test('discovery: given hosts and no others; unknown ones get their plug-ins only; doubled ones once', (t) => {
  const view = aView({
    services: [aService('c1'), aService('c2'), conductor('ctl')],
    session: { hosts: ['storage-1', 'c2', 'ctl', 'c2'] },
  });
  t.deepEqual(
    discoverHosts(view, { ironic: [] }).hosts.map(({ hostname, type, isCompute }) => [hostname, type, isCompute]),
    [
      ['c2', 'compute', true],
      ['ctl', 'controller', false],
      ['storage-1', 'other', false],
    ],
  );
});

test('discovery: a given host that Nova does not know, and on which nothing would run, is a mistake', async (t) => {
  const services = [aService('c1.example.org')];
  const found = (type: SessionAction['type'], hosts: string[]) =>
    readSurroundings(aView({ services, session: { hosts, actions: [action(type, 'x')] } }), tools());
  t.deepEqual(await found('compute', ['c1', 'c-l']), {
    unknown: 'Nova knows no host "c-l", and the session has no action of type host or other for it.',
    code: 'unknown-host',
  });
  for (const type of ['host', 'other'] as const) t.false('unknown' in (await found(type, ['c1', 'c-l'])));
  t.false('unknown' in (await found('compute', ['c1'])), 'known by its short name');
});

test('discovery: short and full name of one host are one host, written as Nova writes it', (t) => {
  const view = aView({ services: [aService('c1.example.org')], session: { hosts: ['c1', 'c1.example.org', 'c'] } });
  t.deepEqual(
    discoverHosts(view, { ironic: [] }).hosts.map(({ hostname, type }) => [hostname, type]),
    [
      ['c', 'other'],
      ['c1.example.org', 'compute'],
    ],
  );
});

test('discovery: a compute that is down is left out, with the reason, also when it was given', (t) => {
  const services = [aService('c1', { up: false }), aService('c2')];
  for (const hosts of [[], ['c1', 'c2']]) {
    const found = discoverHosts(aView({ services, session: { hosts } }), { ironic: [] });
    t.deepEqual(
      found.hosts.map(({ hostname }) => hostname),
      ['c2'],
    );
    t.deepEqual(found.excluded, [{ hostname: 'c1', reason: 'Its nova-compute service is down.' }]);
  }
});

test('discovery: by policy a compute that is down is emptied, or part of the session for ending it', (t) => {
  const services = ['c1', 'c2'].map((host) => aService(host, { up: false }));
  const servers = [aServer('i1', 'c1')];
  const names = (down_hosts: 'evacuate' | 'fail') =>
    discoverHosts(aView({ services, servers, session: { policy: { down_hosts } } }), { ironic: [] }).hosts.map(
      ({ hostname }) => hostname,
    );
  t.deepEqual(names('evacuate'), ['c1', 'c2']);
  t.deepEqual(names('fail'), ['c1'], 'an empty one is left out');
});

test('discovery: what others disabled stays theirs, what an earlier session of ours left is inherited', (t) => {
  const disabled = (host: string, disabledReason: string | null) => aService(host, { enabled: false, disabledReason });
  const view = aView({
    services: [
      aService('c1'),
      disabled('c2', 'broken fan'),
      disabled('c3', null),
      disabled('c4', disabledReason('gone', 'kernel failed')),
      disabled('c5', 'fenixes are birds'),
    ],
  });
  t.deepEqual(
    discoverHosts(view, { ironic: [] }).hosts.map(({ hostname, disabledBefore, inherited }) => [
      hostname,
      disabledBefore,
      inherited,
    ]),
    [
      ['c1', false, false],
      ['c2', true, false],
      ['c3', true, false],
      ['c4', false, true],
      ['c5', true, false],
    ],
  );
});

test('our disabled_reason keeps the session id however long the explanation is', (t) => {
  t.is(disabledReason('1234'), 'fenix 1234');
  const long = disabledReason('1234', 'x'.repeat(300));
  t.true(long.startsWith('fenix 1234: xxx'));
  t.is(long.length, 255);
});

const action = (type: SessionAction['type'], name: string, order = 0): SessionAction => ({
  type,
  name,
  plugin: `${name}-plugin`,
  order,
  metadata: {},
});
const actions = [
  action('compute', 'b'),
  action('compute', 'a'),
  action('compute', 'z', -1),
  action('host', 'firmware', 9),
  action('controller', 'db'),
];

test('actions run by order, then by name; a host’s own first, both types’ on a host that is both', (t) => {
  const view = aView({ session: { actions } });
  const names = (type: 'compute' | 'controller' | 'other', isCompute = false) =>
    actionsFor(view, aHost({ sessionId: 'session', type, isCompute })).map(({ name }) => name);
  t.deepEqual(
    actionsOf(view, 'compute').map(({ name }) => name),
    ['z', 'a', 'b'],
  );
  t.deepEqual(names('compute', true), ['firmware', 'z', 'a', 'b']);
  t.deepEqual(names('controller'), ['firmware', 'db']);
  t.deepEqual(names('controller', true), ['firmware', 'db', 'z', 'a', 'b']);
  t.deepEqual(names('other'), ['firmware']);
});

const two = [action('compute', 'a'), action('compute', 'b')];
const run = (name: string, overrides: Partial<JournalEntry> = {}): JournalEntry =>
  anEffect({
    kind: 'plugin',
    subject: 'c1',
    action: `compute/${name}`,
    intent: { begunAt: NOON.toISOString() },
    state: 'done',
    ...overrides,
  });
const progress = (effects: JournalEntry[], now = at(10)) => progressOf(aView({ now, rest: { effects } }), 'c1', two);
const begins = (name: string) => ({
  done: false,
  step: { do: [{ kind: 'run-plugin', host: 'c1', type: 'compute', name }] },
});

test('progress: one plug-in after the other, until all are done', (t) => {
  t.deepEqual(progress([]), begins('a') as never);
  t.deepEqual(progress([run('a')]), begins('b') as never);
  t.deepEqual(progress([run('a'), run('b')]), { done: true });
  t.deepEqual(progress([run('b')]), begins('a') as never);
  t.deepEqual(progress([run('a', { subject: 'c2' })]), begins('a') as never, 'another host’s run');
  t.deepEqual(progressOf(aView(), 'c1', []), { done: true });
});

test('progress: a run under way is waited for, for as long as it may take', (t) => {
  t.like(progress([run('a', { state: 'begun' })]), {
    done: false,
    step: { wait: { for: 'plug-in', until: at(3600) } },
  });
  t.like(progress([run('a', { state: 'begun' })], at(5000)), { step: { wait: { until: at(5060) } } });
});

test('progress: the newest attempt counts', (t) => {
  const failed = run('a', { attempt: 1, state: 'failed', outcome: { state: 'FAILED' } });
  t.deepEqual(progress([run('a', { attempt: 2 }), failed]), begins('b') as never);
});

test('progress: a failed run waits for its retry class, then runs again', (t) => {
  const failed = run('a', { state: 'failed', outcome: { state: 'FAILED', retryAt: at(30).toISOString() } });
  t.like(progress([failed], at(29)), { step: { wait: { for: 'plug-in-retry', until: at(30) } } });
  t.deepEqual(progress([failed], at(30)), begins('a') as never);
});

test('progress: with no try left it is a failure that names plug-in, host and why', (t) => {
  const failed = progress([run('a', { state: 'failed', outcome: { state: 'FAILED', message: 'ssh: no route' } })]);
  t.deepEqual('trouble' in failed && failed.trouble.reason, {
    code: 'plugin-failed',
    message: 'Plug-in a (compute) failed on c1: ssh: no route',
    host: 'c1',
    plugin: 'a-plugin',
  });
  const said = progress([run('a', { state: 'failed', outcome: { state: 'HALF_FAILED' } })]);
  t.regex('trouble' in said ? said.trouble.reason.message : '', /it returned "HALF_FAILED"/);
});

const acked = (instanceIds: string[], actions: Record<string, 'MIGRATE' | 'LIVE_MIGRATE' | 'OWN_ACTION'> = {}) => ({
  ...aNoticeOf(instanceIds),
  actions,
});
function aNoticeOf(instanceIds: string[]) {
  const [notice] = aView({
    notices: [{ state: 'PLANNED_MAINTENANCE', host: 'c1', instanceIds, outcome: 'ack' }],
  }).notices;
  if (notice === undefined) throw new Error('no notice');
  return notice;
}
const planTo = (targets: Record<string, string>) => {
  const moves = Object.entries(targets).map(([instanceId, target]) => ({ instanceId, target }));
  return new Map([['c1', { host: 'c1', moves, blocked: [] }]]);
};
/** i1 of one flavor and i2 of another, so of two groups, on c1; planned to c2 and c3. */
const pair = (rest: Partial<SessionView> = {}) =>
  aView({
    servers: [aServer('i1', 'c1'), aServer('i2', 'c1', { flavorName: 'm1.other' })],
    rest: { plans: planTo({ i1: 'c2', i2: 'c3' }), ...rest },
  });
const move = (instanceId: string, target: string | null, as = 'MIGRATE') => ({
  kind: 'move-instance',
  instanceId,
  action: as,
  target,
});

test('moves: whoever was acknowledged goes to the planned target in the way the project chose', (t) => {
  const moves = nextMoves(pair(), 'c1', [acked(['i1', 'i2'], { i2: 'LIVE_MIGRATE' })]);
  t.deepEqual(moves.decisions, [move('i1', 'c2'), move('i2', 'c3', 'LIVE_MIGRATE')] as never);
  t.false(moves.needsTarget);
});

test('moves: nobody goes before an answer', (t) => {
  t.deepEqual(nextMoves(pair(), 'c1', [acked(['i2'])]).decisions, [move('i2', 'c3')] as never);
  t.deepEqual(nextMoves(pair(), 'c1', []).decisions, []);
});

test('moves: an own action needs no target', (t) => {
  const moves = nextMoves(pair({ plans: new Map() }), 'c1', [acked(['i1'], { i1: 'OWN_ACTION' })]);
  t.deepEqual(moves.decisions, [move('i1', null, 'OWN_ACTION')] as never);
  t.false(moves.needsTarget);
});

test('moves: of one group as many go at once as it allows, counted over all sessions; the others are held, with why', (t) => {
  const servers = ['i1', 'i2'].map((id) => aServer(id, 'c1'));
  const plans = planTo({ i1: 'c2', i2: 'c3' });
  const notices = [acked(['i1', 'i2'])];
  const moves = nextMoves(aView({ servers, rest: { plans } }), 'c1', notices);
  t.deepEqual(moves.decisions, [move('i1', 'c2')] as never);
  t.deepEqual(moves.held, ['1 of at most 1 members of group tenant:m1.small are impacted.']);
  const impacts = [anImpact({ sessionId: 'other', instanceId: 'i9', groupId: 'tenant:m1.small', targetHost: null })];
  t.deepEqual(nextMoves(aView({ servers, rest: { plans, impacts } }), 'c1', notices).decisions, []);
});

test('moves: two that are decided together are counted together at their target', (t) => {
  const view = pair({ plans: planTo({ i1: 'c2', i2: 'c2' }) });
  const tight = {
    ...view,
    cloud: { ...view.cloud, servers: [...view.cloud.servers, aServer('there', 'c2', { flavorName: 'm1.third' })] },
  };
  const moves = nextMoves(tight, 'c1', [acked(['i1', 'i2'])]);
  t.deepEqual(moves.decisions, [move('i1', 'c2')] as never);
  t.true(moves.needsTarget);
});

const moveOf = (overrides: Partial<JournalEntry>) => anEffect({ intent: { from: 'c1' }, ...overrides });

test('moves: what is under way is not begun again', (t) => {
  const moves = nextMoves(pair({ effects: [moveOf({ state: 'begun' })] }), 'c1', [acked(['i1', 'i2'])]);
  t.deepEqual(moves.decisions, [move('i2', 'c3')] as never);
  t.is(moves.inFlight, 1);
});

test('moves: a failed one fails the session, naming the instance', (t) => {
  const effects = [moveOf({ state: 'failed', outcome: { message: 'It went to ERROR.' } })];
  t.like(nextMoves(pair({ effects }), 'c1', [acked(['i1', 'i2'])]).trouble?.reason, {
    code: 'instance-failed',
    message: 'It went to ERROR.',
    host: 'c1',
    instanceId: 'i1',
  });
  const older = [...effects, moveOf({ attempt: 2, state: 'begun' })];
  t.is(nextMoves(pair({ effects: older }), 'c1', []).trouble, undefined, 'the newest attempt counts');
  const elsewhere = [moveOf({ state: 'failed', intent: { from: 'c9' } })];
  t.is(nextMoves(pair({ effects: elsewhere }), 'c1', []).trouble, undefined, 'a move off another host');
});

test('moves: a target that refused is not tried again; another is asked for, and no second answer', (t) => {
  const facts = [{ sessionId: 'session', instanceId: 'i1', host: 'c2', code: 'no-valid-host', message: '', at: NOON }];
  const effects = [moveOf({ state: 'refused' })];
  const moves = nextMoves(pair({ facts, effects }), 'c1', [acked(['i1', 'i2'])]);
  t.true(moves.needsTarget);
  t.deepEqual(moves.decisions, [move('i2', 'c3')] as never);
  const again = pair({ facts, effects, plans: planTo({ i1: 'c3' }) });
  t.deepEqual(nextMoves(again, 'c1', [acked(['i1'])]).decisions, [move('i1', 'c3')] as never);
});

test('moves: room that somebody took since the plan was made is not waited for; another target is asked for', (t) => {
  const others = ['n1', 'n2'].map((id) => aServer(id, 'c2'));
  const taken = { ...pair(), cloud: { ...pair().cloud, servers: [...pair().cloud.servers, ...others] } };
  const moves = nextMoves(taken, 'c1', [acked(['i1', 'i2'])]);
  t.true(moves.needsTarget);
  t.deepEqual(moves.held, []);
  t.deepEqual(moves.decisions, [move('i2', 'c3')] as never);
});

/** The pair on a c1 that is down, with a policy. */
const onDeadHost = (down_hosts: 'evacuate' | 'exclude', servers = [aServer('i1', 'c1')], rest = {}) =>
  aView({
    services: [aService('c1', { up: false }), aService('c2'), aService('c3', { up: false })],
    session: { policy: { down_hosts } },
    servers,
    rest: { plans: planTo({ i1: 'c2', i2: 'c3' }), ...rest },
  });

test('moves: off a host that is down MIGRATE and LIVE_MIGRATE mean evacuation, by policy; an own action stays one', (t) => {
  const view = onDeadHost('evacuate');
  for (const chosen of ['MIGRATE', 'LIVE_MIGRATE'] as const)
    t.deepEqual(nextMoves(view, 'c1', [acked(['i1'], { i1: chosen })]).decisions, [
      move('i1', 'c2', 'EVACUATE'),
    ] as never);
  t.deepEqual(nextMoves(view, 'c1', [acked(['i1'], { i1: 'OWN_ACTION' })]).decisions, [
    move('i1', null, 'OWN_ACTION'),
  ] as never);
});

test('moves: without that policy nothing begins there', (t) => {
  const moves = nextMoves(onDeadHost('exclude'), 'c1', [acked(['i1'])]);
  t.deepEqual(moves.decisions, []);
  t.deepEqual(moves.held, ['Host c1 is down.']);
});

test('moves: a planned target that is down is replaced', (t) => {
  const moves = nextMoves(onDeadHost('evacuate', [aServer('i2', 'c1')]), 'c1', [acked(['i2'])]);
  t.true(moves.needsTarget);
  t.deepEqual(moves.decisions, []);
});

test('moves: what failed because a host died is begun anew, as evacuation; what failed by itself is trouble', (t) => {
  const failed = (action: string, target: string) =>
    nextMoves(
      onDeadHost('evacuate', [aServer('i1', 'c1', { status: 'RESIZE', taskState: 'resize_migrating' })], {
        effects: [moveOf({ state: 'failed', intent: { from: 'c1', action, target } })],
      }),
      'c1',
      [acked(['i1'])],
    );
  t.deepEqual(failed('MIGRATE', 'c2').decisions, [move('i1', 'c2', 'EVACUATE')] as never);
  t.deepEqual(failed('EVACUATE', 'c3').decisions, [move('i1', 'c2', 'EVACUATE')] as never, 'its target died');
  t.is(failed('EVACUATE', 'c2').trouble?.event, 'instance_failed');
  t.is(failed('OWN_ACTION', 'c2').trouble?.event, 'instance_failed');
});

const service = (state: JournalEntry['state'], act = 'disable') =>
  anEffect({ kind: 'service', subject: 'c1', action: act, state, outcome: { message: 'Forbidden.' } });

test('a taken host is waited for until its service is disabled', (t) => {
  const step = (...effects: JournalEntry[]) => notYetTaken(aView({ rest: { effects } }), 'c1');
  t.is(step(), undefined);
  t.is(step(service('done')), undefined);
  t.is(step(service('done'), service('failed', 'enable')), undefined);
  t.like(step(service('begun')), { wait: { for: 'service', until: at(3600) } });
  t.like(step(service('failed')), { to: 'MAINTENANCE_FAILED', reason: { code: 'service-failed', host: 'c1' } });
});

test('the planner is shown the host’s instances, the room of the targets and who refused whom', (t) => {
  const fact = (host: string, code: string, seconds: number) => ({
    sessionId: 'session',
    instanceId: 'i1',
    host,
    code,
    message: '',
    at: at(seconds),
  });
  const view = aView({
    now: at(200),
    services: [aService('c1'), aService('c2', { zone: 'west' }), aService('c3')],
    servers: [aServer('i1', 'c1'), aServer('i2', 'c2')],
    rest: {
      facts: [
        fact('c2', NOT_PROVEN, 100),
        fact('c3', NOT_PROVEN, 40),
        fact('c4', NOT_PROVEN, 10),
        fact('c9', 'no-valid-host', 10),
      ],
    },
  });
  const free = { vcpus: HOST_SIZE.vcpus - SMALL.vcpus, memoryMb: 4096, diskGb: 20 };
  t.deepEqual(planSnapshot(view, 'c1', serversOn(view, 'c1'), ['c2']), {
    host: 'c1',
    instances: [{ instanceId: 'i1', zone: 'nova', resources: SMALL, refusedBy: ['c2', 'c3', 'c9'] }],
    targets: [{ host: 'c2', zone: 'west', free, members: {} }],
  });
  const patient = planSnapshot(view, 'c1', serversOn(view, 'c1'), ['c2'], true);
  t.deepEqual(patient.instances[0]?.refusedBy, ['c3'], 'c2 and c9 may be lag, c4 is old news');
});

test("a scheduler's refusal may be its lag until it has been asked again after that; then it is final", (t) => {
  const refused = (target: string, seconds: number) =>
    moveOf({
      state: 'refused',
      intent: { from: 'c1', target },
      outcome: { code: NO_VALID_HOST },
      endedAt: at(seconds),
    });
  const viewWith = (effects: readonly JournalEntry[], seconds: number, now: number) =>
    aView({
      now: at(now),
      services: [aService('c1'), aService('c2')],
      servers: [aServer('i1', 'c1')],
      rest: {
        effects,
        facts: [
          { sessionId: 'session', instanceId: 'i1', host: 'c2', code: NO_VALID_HOST, message: '', at: at(seconds) },
        ],
      },
    });
  const refusedBy = (view: SessionView, patient: boolean) =>
    planSnapshot(view, 'c1', serversOn(view, 'c1'), ['c2'], patient).instances[0]?.refusedBy;
  const moves = [{ instanceId: 'i1', target: 'c2' }];
  const once = viewWith([refused('c2', 10)], 10, 20);
  t.deepEqual([refusedBy(once, false), refusedBy(once, true)], [['c2'], []]);
  t.deepEqual(worthAsking(once, moves), at(130));
  t.deepEqual(worthAsking(once, [{ instanceId: 'i1', target: 'c3' }]), at(20), 'nothing is known against that one');
  const twice = viewWith([refused('c2', 10), refused('c2', 131)], 131, 140);
  t.deepEqual(refusedBy(twice, true), ['c2']);
  t.deepEqual(worthAsking(twice, moves), at(140));
});

/** What Python 3.11's fnmatch.fnmatchcase says. */
const patterns: readonly [pattern: string, yes: readonly string[], no: readonly string[]][] = [
  ['maintenance.*', ['maintenance.scheduled', 'maintenance.'], ['maintenance', 'xmaintenance.host', 'Maintenance.x']],
  ['*', ['', 'maintenance.scheduled', 'two\nlines'], []],
  ['maintenance?scheduled', ['maintenance.scheduled'], ['maintenancescheduled']],
  ['a.b', ['a.b'], ['aXb']],
  ['*.*.c', ['a.b.c', 'a.c.b.c'], ['a.c', 'a.b.c.']],
  ['[a-c]x', ['ax', 'cx'], ['dx', '-x']],
  ['[!a-c]x', ['dx', '-x'], ['ax']],
  ['[]a]', [']', 'a'], ['[]a]', 'b']],
  ['[!]a]', ['b', '!'], [']', 'a']],
  ['[^a]', ['^', 'a'], ['b']],
  ['[z-a]', [], ['z', 'a', '-', 'm']],
  ['[!z-a]', ['z', 'a', '-'], ['', 'zz']],
  ['[-a]', ['-', 'a'], ['b']],
  ['[a-]', ['-', 'a'], ['b']],
  ['[a-b-z]', ['a', 'b', '-', 'z'], ['c']],
  ['[a-', ['[a-'], ['a']],
  ['[', ['['], ['']],
  ['[\\]', ['\\'], [']']],
  ['(a|b)+', ['(a|b)+'], ['a']],
];
for (const [pattern, yes, no] of patterns) {
  test(`an alarm’s pattern ${pattern} matches as in Python`, (t) => {
    for (const text of yes) t.true(fnmatch(pattern, text), text);
    for (const text of no) t.false(fnmatch(pattern, text), text);
  });
}

test('a pattern full of stars is matched in no time', (t) => {
  t.false(fnmatch(`${'*a'.repeat(60)}b`, 'a'.repeat(4000)));
});
