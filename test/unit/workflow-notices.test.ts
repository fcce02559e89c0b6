import test from 'ava';
import type { Notice, NoticeState } from '../../src/model/index.js';
import type { Decision } from '../../src/workflow/decisions.js';
import { ask, inform, maintenanceWindow, plainWindow, type Question, troubleOf } from '../../src/workflow/notices.js';
import { scaleInRoundsWithoutGain } from '../../src/workflow/scale-in.js';
import type { SessionView } from '../../src/workflow/view.js';
import { aServer, at, aView } from '../support/engine-views.js';

const aboutHost: Question = {
  state: 'PLANNED_MAINTENANCE',
  instances: new Map([['tenant', ['i1', 'i2']]]),
  host: 'c1',
  allowedActions: ['MIGRATE'],
  window: () => plainWindow(at(100), 40),
  repeats: 2,
};
const told: Partial<Notice> = {
  state: 'PLANNED_MAINTENANCE',
  host: 'c1',
  instanceIds: ['i1', 'i2'],
  openedAt: at(60),
  replyAt: at(110),
  actionsAt: at(110),
};
const closed = (outcome: Notice['outcome'], seconds = 80): Partial<Notice> => ({ outcome, closedAt: at(seconds) });

/** Now is second 100; i1 and i2 are on c1. */
function viewWith(notices: Partial<Notice>[], rest: Partial<SessionView> = {}, ids = ['i1', 'i2']): SessionView {
  return aView({ now: at(100), notices, servers: ids.map((id) => aServer(id, 'c1')), rest });
}

const opened = (instanceIds: string[]): Decision => ({
  kind: 'open-notice',
  state: 'PLANNED_MAINTENANCE',
  projectId: 'tenant',
  instanceId: null,
  instanceIds,
  host: 'c1',
  allowedActions: ['MIGRATE'],
  replyAt: at(140),
  actionsAt: at(140),
});

interface Case {
  readonly notices: Partial<Notice>[];
  readonly question?: Partial<Question>;
  readonly view?: Partial<SessionView>;
  readonly servers?: string[];
  readonly decisions?: Decision[];
  readonly wait?: { readonly for: string; readonly until: Date };
  readonly counts?: Partial<Record<'acked' | 'refused' | 'silent', number>>;
}

const repeated: Decision = { kind: 'repeat-notice', noticeId: 1, replyAt: at(140), actionsAt: at(140) };
const over = (outcome: 'gone' | 'silent'): Decision => ({ kind: 'close-notice', noticeId: 1, outcome });

const cases: Readonly<Record<string, Case>> = {
  'a project that was not told is told': { notices: [], decisions: [opened(['i1', 'i2'])] },
  'an open notice is waited for until its time': { notices: [told], wait: { for: 'replies', until: at(110) } },
  'an acknowledgement ends the question': { notices: [{ ...told, ...closed('ack') }], counts: { acked: 1 } },
  'a refusal ends the question': { notices: [{ ...told, ...closed('nack') }], counts: { refused: 1 } },
  'silence ends the question': { notices: [{ ...told, ...closed('silent') }], counts: { silent: 1 } },
  'the silent are told again': { notices: [{ ...told, replyAt: at(100) }], decisions: [repeated] },
  'the silent are told as often as allowed': {
    notices: [{ ...told, replyAt: at(99), repeats: 1 }],
    decisions: [repeated],
  },
  'silence is silence only after the last repeat': {
    notices: [{ ...told, replyAt: at(99), repeats: 2 }],
    decisions: [over('silent')],
  },
  'silence means nothing while a notification is not delivered': {
    notices: [{ ...told, replyAt: at(99), repeats: 2 }],
    view: { undelivered: true },
    wait: { for: 'delivery', until: at(3700) },
  },
  'a notice whose instances are all gone is closed': { notices: [told], servers: [], decisions: [over('gone')] },
  'a notice stays open while one of its instances is there': {
    notices: [told],
    servers: ['i2'],
    wait: { for: 'replies', until: at(110) },
  },
  'a withdrawn notice does not count': {
    notices: [{ ...told, ...closed('cancelled') }],
    decisions: [opened(['i1', 'i2'])],
  },
  'an instance that came after the answer gets a notice of its own': {
    notices: [{ ...told, instanceIds: ['i1'], ...closed('ack') }],
    decisions: [opened(['i2'])],
    counts: { acked: 1 },
  },
  'the next notice of the same state leaves two seconds after the answer': {
    notices: [{ ...told, instanceIds: ['i1'], ...closed('ack', 98.5) }],
    wait: { for: 'rest', until: at(100.5) },
    counts: { acked: 1 },
  },
  'the rest also lies between two hosts': {
    notices: [{ ...told, host: 'c2', instanceIds: ['i9'], ...closed('ack', 99) }],
    wait: { for: 'rest', until: at(101) },
  },
  'another state needs no rest': {
    notices: [{ ...told, state: 'PREPARE_MAINTENANCE', ...closed('ack', 99) }],
    decisions: [opened(['i1', 'i2'])],
  },
  'another project’s answer counts for nobody else': {
    notices: [{ ...told, projectId: 'other', ...closed('ack', 99) }],
    decisions: [opened(['i1', 'i2'])],
  },
};

for (const [title, { notices, question, view, servers, decisions = [], wait, counts = {} }] of Object.entries(cases)) {
  test(`ask: ${title}`, (t) => {
    const asked = ask(viewWith(notices, view, servers), { ...aboutHost, ...question });
    t.deepEqual(asked.decisions, decisions);
    t.deepEqual(asked.wait && { for: asked.wait.wait.for, until: asked.wait.wait.until }, wait);
    const found = { acked: asked.acked.length, refused: asked.refused.length, silent: asked.silent.length };
    t.deepEqual(found, { acked: 0, refused: 0, silent: 0, ...counts });
  });
}

test('ask: a question without a host is asked once, also when instances come later', (t) => {
  const question = { ...aboutHost, state: 'MAINTENANCE' as const, host: null };
  const notice = { ...told, state: 'MAINTENANCE' as const, host: null, instanceIds: ['i1'], ...closed('ack') };
  t.deepEqual(ask(viewWith([notice]), question).decisions, []);
});

test('ask: a question asked in rounds counts only the answers of its round', (t) => {
  const question = { ...aboutHost, state: 'SCALE_IN' as const, host: null };
  const notice = { ...told, state: 'SCALE_IN' as const, host: null, ...closed('ack') };
  t.is(ask(viewWith([notice]), { ...question, since: at(60) }).acked.length, 1);
  const next = ask(viewWith([notice]), { ...question, since: at(61) });
  t.is(next.acked.length, 0);
  t.like(next.decisions[0], { kind: 'open-notice', state: 'SCALE_IN', instanceIds: ['i1', 'i2'] });
});

test('ask: each project is followed by itself, and the earliest answer due is what is waited for', (t) => {
  const instances = new Map([
    ['a', ['i1']],
    ['b', ['i2']],
    ['c', ['i3']],
  ]);
  const of = (projectId: string, id: string, rest: Partial<Notice>) => ({
    ...told,
    projectId,
    instanceIds: [id],
    ...rest,
  });
  const view = viewWith(
    [of('a', 'i1', { replyAt: at(130) }), of('b', 'i2', { replyAt: at(120) }), of('c', 'i3', closed('ack'))],
    {},
    ['i1', 'i2', 'i3'],
  );
  const asked = ask(view, { ...aboutHost, instances });
  t.deepEqual(asked.wait?.wait.until, at(120));
  t.regex(asked.wait?.wait.message ?? '', /2 project\(s\).*: a, b\./);
  t.is(asked.acked.length, 1);
});

test('ask: the window of a repeat is another than that of the first notice', (t) => {
  const window = (isRepeat: boolean) => plainWindow(at(100), isRepeat ? 7 : 9);
  const first = ask(viewWith([]), { ...aboutHost, window });
  t.like(first.decisions[0], { replyAt: at(109) });
  const second = ask(viewWith([{ ...told, replyAt: at(90) }]), { ...aboutHost, window });
  t.like(second.decisions[0], { replyAt: at(107), actionsAt: at(107) });
});

test('a failure by answers names the project and what it was asked', (t) => {
  const reasonOf = (notices: Partial<Notice>[]) => troubleOf(ask(viewWith(notices), aboutHost), () => ['c1'])?.reason;
  t.is(reasonOf([{ ...told, ...closed('ack') }]), undefined);
  t.deepEqual(reasonOf([{ ...told, ...closed('nack') }]), {
    code: 'nack',
    message: 'Project tenant answered NACK_PLANNED_MAINTENANCE for host c1.',
    projectId: 'tenant',
    host: 'c1',
  });
  t.deepEqual(reasonOf([{ ...told, ...closed('silent'), repeats: 2 }]), {
    code: 'silence',
    message: 'Project tenant did not answer PLANNED_MAINTENANCE for host c1 (told 3 times).',
    projectId: 'tenant',
    host: 'c1',
  });
});

const windows: readonly [string, number, boolean, number, number][] = [
  // maintenance_at (seconds from now), repeated, reply_at, actions_at
  ['in good time the project has its whole window', 300, false, 40, 300],
  ['maintenance_at 30 s ahead cuts the window of 40 s', 30, false, 30, 30],
  ['exactly ten seconds are enough', 10, false, 10, 10],
  ['with less than ten seconds left both become ten', 9, false, 10, 10],
  ['a maintenance_at in the past leaves ten seconds', -500, false, 10, 10],
  ['a repeat before maintenance_at is cut as the first notice was', 30, true, 30, 30],
  ['a repeat shortly before maintenance_at leaves ten seconds', 5, true, 10, 10],
  ['a repeat at maintenance_at carries both as now and the window', 0, true, 40, 40],
  ['a repeat after maintenance_at carries both as now and the window', -100, true, 40, 40],
];
for (const [title, maintenanceAt, isRepeat, replyAt, actionsAt] of windows) {
  test(`window of MAINTENANCE: ${title}`, (t) => {
    t.deepEqual(maintenanceWindow(at(0), at(maintenanceAt), 40, isRepeat), {
      replyAt: at(replyAt),
      actionsAt: at(actionsAt),
    });
  });
}

test('what only informs expects no answer', (t) => {
  t.like(inform('INSTANCE_ACTION_DONE', 'tenant', 'i1', 'c1'), {
    state: 'INSTANCE_ACTION_DONE',
    instanceId: 'i1',
    instanceIds: ['i1'],
    replyAt: null,
    actionsAt: null,
  });
});

const rounds: readonly [string, string[][], string[], number][] = [
  ['before any round', [], ['a', 'b'], 0],
  ['a round after which all are still there', [['a', 'b']], ['a', 'b'], 1],
  ['a round that freed something', [['a', 'b']], ['a'], 0],
  [
    'three rounds that freed nothing',
    [
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ],
    ['a', 'b'],
    3,
  ],
  [
    'one gain ends the count',
    [
      ['a', 'b', 'c'],
      ['a', 'b'],
      ['a', 'b'],
    ],
    ['a', 'b'],
    2,
  ],
  ['what comes and goes all the time is no gain', [['a'], ['a', 'b'], ['a', 'c'], ['a'], ['a', 'd']], ['a', 'd'], 5],
  ['what was told of in an earlier round and came back is no gain', [['a'], ['a', 'b']], ['a', 'b'], 2],
];
for (const [title, listed, left, expected] of rounds) {
  test(`rounds of SCALE_IN without gain: ${title}`, (t) => {
    const notices = listed.map((instanceIds) => ({ state: 'SCALE_IN' as NoticeState, instanceIds }));
    const servers = [...left, 'never told'].map((id) => aServer(id, 'c1'));
    t.is(scaleInRoundsWithoutGain(aView({ notices, servers })), expected);
  });
}

test('rounds of SCALE_IN without gain are counted back from now: a project may have joined late', (t) => {
  const of = (projectId: string, ...instanceIds: string[]) => ({ state: 'SCALE_IN' as const, projectId, instanceIds });
  const notices = [of('p', 'a'), of('p', 'a'), of('q', 'c'), of('p', 'a'), of('q', 'c')];
  const servers = ['a', 'c'].map((id) => aServer(id, 'c1'));
  t.is(scaleInRoundsWithoutGain(aView({ notices, servers })), 3);
});

test('rounds of SCALE_IN without gain are counted over all projects together', (t) => {
  const of = (projectId: string, ...instanceIds: string[]) => ({ state: 'SCALE_IN' as const, projectId, instanceIds });
  const notices = [of('p', 'a', 'b'), of('q', 'c'), of('p', 'a'), of('q', 'c')];
  const servers = ['a', 'c'].map((id) => aServer(id, 'c1'));
  t.is(scaleInRoundsWithoutGain(aView({ notices, servers })), 1);
});
