import { spawnSync } from 'node:child_process';
import test from 'ava';
import fc from 'fast-check';
import { createProgress, type HostStatus, progressModeFor, type SessionStatus } from '../../src/cli/progress.js';
import { HOST_STATES, type HostState } from '../../src/model/index.js';
import { Screen } from '../support/screen.js';

function at(time: string): Date {
  return new Date(`2026-05-01T${time}Z`);
}

function aHost(hostname: string, state: HostState = 'waiting', instances = 0): HostStatus {
  return { hostname, type: 'compute', state, instances };
}

function hosts(count: number, state: HostState = 'waiting'): HostStatus[] {
  return Array.from({ length: count }, (_, index) => aHost(`compute-${index + 1}`, state, index % 12));
}

function aStatus(overrides: Partial<SessionStatus> = {}): SessionStatus {
  return {
    sessionId: 'cafe',
    state: 'START_MAINTENANCE',
    percentDone: 25,
    hosts: [aHost('compute-1', 'done'), aHost('compute-2', 'emptying', 3), aHost('compute-3', 'waiting', 12)],
    waiting: null,
    domainTime: at('12:00:00'),
    moved: 4,
    notices: 1,
    speed: 60,
    ...overrides,
  };
}

const WAITING = { for: 'replies', message: 'vnf-a has not answered yet.', until: at('12:10:00') };

function live(columns: number, rows: number, color = false) {
  const screen = new Screen(columns, rows);
  return { screen, progress: createProgress({ stream: screen, mode: 'live', color }) };
}

/** What a terminal of that size shows of one status. */
function shown(columns: number, rows: number, status: SessionStatus): string {
  const { screen, progress } = live(columns, rows);
  progress.update(status);
  const text = screen.text();
  progress.end();
  return text;
}

function plain() {
  const screen = new Screen(1000, 1000);
  screen.isTTY = false;
  const progress = createProgress({ stream: screen, mode: 'plain', color: true });
  /** What one update adds. */
  const update = (status: SessionStatus): string[] => {
    const before = screen.writes.length;
    progress.update(status);
    return screen.writes.slice(before).join('').split('\n').slice(0, -1);
  };
  return { screen, progress, update };
}

test('a terminal shows header, reason to wait, hosts at work, a cell per host, legend and totals', (t) => {
  t.is(
    shown(80, 24, aStatus({ waiting: WAITING })),
    [
      'START_MAINTENANCE  █████░░░░░░░░░░░░░░░   25 %  12:00:00  0 s  ×60',
      'Waits for replies, at most 10 min more: vnf-a has not answered yet.',
      'emptying: compute-2',
      'compute-1 D 0  compute-2 E 3  compute-3 W12',
      'W waiting 1  E emptying 1  V empty 0  M in maintenance 0  D done 1',
      '3 hosts, 4 moves, 1 notice  session cafe',
    ].join('\n'),
  );
});

test('a later status is drawn over the one before and leaves nothing of it', (t) => {
  const { screen, progress } = live(80, 24);
  screen.write('$ npm run demo\n');
  progress.update(aStatus({ waiting: WAITING, hosts: hosts(30, 'emptying') }));
  const done = [aHost('compute-1', 'done'), aHost('compute-2', 'failed')];
  progress.update(aStatus({ state: 'MAINTENANCE_DONE', percentDone: 100, hosts: done, domainTime: at('13:23:45') }));
  t.is(
    screen.text(),
    [
      '$ npm run demo',
      'MAINTENANCE_DONE  ████████████████████  100 %  13:23:45  1 h 23 min  ×60',
      '',
      'failed: compute-2',
      'compute-1 D0  compute-2 F0',
      'W waiting 0  E emptying 0  V empty 0  M in maintenance 0  D done 1  F failed 1',
      '2 hosts, 4 moves, 1 notice  session cafe',
    ].join('\n'),
  );
  t.is(screen.scrolled, 0);
  progress.end();
});

test('each change is one write, and what changes nothing writes nothing', (t) => {
  const { screen, progress } = live(80, 24);
  progress.update(aStatus());
  const before = screen.writes.length;
  progress.update(aStatus());
  t.is(screen.writes.length, before);
  progress.update(aStatus({ moved: 5 }));
  t.is(screen.writes.length, before + 1);
  progress.end();
});

test('the cursor is hidden while the display lasts and comes back below it', (t) => {
  const { screen, progress } = live(80, 24);
  const listeners = process.listenerCount('SIGINT');
  progress.update(aStatus());
  t.true(screen.cursorHidden);
  progress.end();
  t.false(screen.cursorHidden);
  t.is(screen.listenerCount('resize'), 0);
  t.is(process.listenerCount('SIGINT'), listeners);
  const text = screen.text();
  progress.update(aStatus({ moved: 99 }));
  progress.end();
  t.is(screen.text(), text);
  screen.write('$');
  t.is(screen.text(), `${text}\n$`);
});

test('a display that was never told anything writes nothing', (t) => {
  const { screen, progress } = live(80, 24);
  screen.resize(40, 10);
  progress.end();
  t.deepEqual(screen.writes, []);
});

test('hosts stand in the order in which people count', (t) => {
  const names = ['compute-10', 'compute-2', 'compute-1'];
  const status = aStatus({ hosts: hosts(3).map((host, index) => ({ ...host, hostname: names[index] as string })) });
  t.is(shown(60, 20, status).split('\n')[3], 'compute-1  W2  compute-2  W1  compute-10 W0');
});

test('names are left out when they take too many lines, then the cells; the counts stay', (t) => {
  const others = hosts(2, 'in_maintenance').map((host, index) => ({ ...host, hostname: `other-${index + 1}` }));
  const status = aStatus({ hosts: [...hosts(40), ...others] });
  const named = shown(60, 20, status).split('\n');
  t.is(named.length, 3 + 14 + 2 + 1);
  t.is(named[3], 'compute-1  W 0  compute-2  W 1  compute-3  W 2');
  const small = shown(60, 9, status).split('\n');
  t.is(small.length, 3 + 3 + 2 + 1);
  t.is(small[3], 'W 0 W 1 W 2 W 3 W 4 W 5 W 6 W 7 W 8 W 9 W10 W11 W 0 W 1 W 2');
  t.deepEqual(shown(60, 8, status).split('\n'), [
    'START_MAINTENANCE  ██░░░░░░░░   25 %  12:00:00  0 s  ×60',
    '',
    'in maintenance: other-1, other-2',
    'W waiting 40  E emptying 0  V empty 0  M in maintenance 2',
    'D done 0',
    '42 hosts, 4 moves, 1 notice  session cafe',
  ]);
});

test('a narrow terminal shortens lines and leaves out the least important facts', (t) => {
  t.is(
    shown(41, 24, aStatus({ waiting: WAITING })),
    [
      'START_MAINTENANCE  ██░░░░░░░░   25 %',
      'Waits for replies, at most 10 min more:…',
      'emptying: compute-2',
      'compute-1 D 0  compute-2 E 3',
      'compute-3 W12',
      'W waiting 1  E emptying 1  V empty 0',
      'M in maintenance 0  D done 1',
      '3 hosts, 4 moves, 1 notice  session cafe',
    ].join('\n'),
  );
});

test('a terminal of another size gets the picture anew, in its size', (t) => {
  const { screen, progress } = live(80, 24);
  progress.update(aStatus({ hosts: hosts(60) }));
  screen.resize(50, 9);
  t.is(screen.text(), shown(50, 9, aStatus({ hosts: hosts(60) })));
  t.is(screen.scrolled, 0);
  progress.end();
});

test('a terminal that does not keep up is spared the pictures between, and gets the last', (t) => {
  const { screen, progress } = live(80, 24);
  screen.writableNeedDrain = true;
  progress.update(aStatus({ moved: 5 }));
  progress.update(aStatus({ moved: 6 }));
  t.deepEqual(screen.writes, []);
  progress.end();
  t.regex(screen.text(), / 6 moves,/);
});

const anyStatus = fc
  .record({
    columns: fc.integer({ min: 1, max: 200 }),
    rows: fc.integer({ min: 1, max: 60 }),
    percentDone: fc.integer({ min: -5, max: 120 }),
    hosts: fc.array(
      fc.record({
        hostname: fc.string({ unit: 'binary', maxLength: 40 }),
        type: fc.constant('compute' as const),
        state: fc.constantFrom(...HOST_STATES),
        instances: fc.nat(2000),
      }),
      { maxLength: 500, size: 'max' },
    ),
    message: fc.string({ unit: 'binary', maxLength: 300 }),
    color: fc.boolean(),
  })
  .map(({ message, ...rest }) => ({ ...rest, waiting: { ...WAITING, message } }));

test('whatever hosts are called and however small the terminal is, the picture fits and holds nothing but text', (t) => {
  fc.assert(
    fc.property(anyStatus, anyStatus, (first, second) => {
      const { screen, progress } = live(first.columns + 1, first.rows, first.color);
      progress.update(aStatus(first)); // The screen throws at control characters and at lines that are too long.
      progress.update(aStatus(second));
      screen.resize(second.columns + 1, second.rows);
      const { scrolled } = screen;
      progress.end();
      return scrolled === 0;
    }),
    { numRuns: 30 },
  );
  t.pass();
});

test('colours come from the states, and only where they are wanted', (t) => {
  const { screen, progress } = live(80, 24, true);
  progress.update(aStatus({ hosts: [aHost('a', 'failed')] }));
  progress.end();
  t.true(screen.colors.includes(31));
  const grey = live(80, 24, false);
  grey.progress.update(aStatus({ hosts: [aHost('a', 'failed')] }));
  grey.progress.end();
  t.deepEqual(grey.screen.colors, []);
});

test('escape sequences in names and messages reach the terminal as text', (t) => {
  const evil = aStatus({
    state: 'MAIN\x1b[2JTENANCE',
    sessionId: 'ca\x1b]0;title\x07fe',
    hosts: [aHost('com\x1b[31mpute\x9b2J-\r\n1\u202e', 'emptying', 1)],
    waiting: { for: 're\bplies', message: 'line one\nline\u2028two \x1b[?1049h', until: at('12:00:45') },
  });
  t.is(
    shown(80, 24, evil),
    [
      'MAIN\\u001b[2JTENANCE  █████░░░░░░░░░░░░░░░   25 %  12:00:00  0 s  ×60',
      'Waits for re\\u0008plies, at most 45 s more: line one line\\u2028two \\u001b[?104…',
      'emptying: com\\u001b[31mpute\\u009b2J- 1\\u202e',
      'com\\u001b[31mpute\\u009b… E1',
      'W waiting 0  E emptying 1  V empty 0  M in maintenance 0  D done 0',
      '1 host, 4 moves, 1 notice  session ca\\u001b]0;title\\u0007fe',
    ].join('\n'),
  );
  t.deepEqual(plain().update(evil), [
    '2026-05-01T12:00:00Z session ca\\u001b]0;title\\u0007fe: 1 host, 1 emptying',
    '2026-05-01T12:00:00Z MAIN\\u001b[2JTENANCE: 25 % done, 4 moves, 1 notice',
    '2026-05-01T12:00:00Z waits for re\\u0008plies: line one line\\u2028two \\u001b[?1049h (until 2026-05-01T12:00:45Z)',
  ]);
});

test('a log gets one line per change, with the domain time of the change', (t) => {
  const { update, screen } = plain();
  const first = aStatus({ state: 'MAINTENANCE', percentDone: 0, moved: 0, hosts: hosts(2) });
  t.deepEqual(update(first), [
    '2026-05-01T12:00:00Z session cafe: 2 hosts, 2 waiting',
    '2026-05-01T12:00:00Z MAINTENANCE: 0 % done, 0 moves, 1 notice',
  ]);
  t.deepEqual(update({ ...first, waiting: WAITING, domainTime: at('12:00:01') }), [
    '2026-05-01T12:00:01Z waits for replies: vnf-a has not answered yet. (until 2026-05-01T12:10:00Z)',
  ]);
  const next = aStatus({ hosts: [aHost('compute-1', 'emptying', 1), aHost('compute-2'), aHost('compute-3')] });
  t.deepEqual(update({ ...next, domainTime: at('12:05:00') }), [
    '2026-05-01T12:05:00Z START_MAINTENANCE: 25 % done, 4 moves, 1 notice',
    '2026-05-01T12:05:00Z compute compute-1: emptying, 1 instance',
    '2026-05-01T12:05:00Z compute compute-3: waiting, 0 instances',
  ]);
  t.deepEqual(screen.colors, []);
});

test('a log does not repeat itself: not for another time, count or deadline, nor for a wait that pauses', (t) => {
  const { update, progress } = plain();
  update(aStatus({ waiting: WAITING }));
  t.deepEqual(update(aStatus({ waiting: WAITING, moved: 9, percentDone: 30, domainTime: at('12:01:00') })), []);
  t.deepEqual(update(aStatus({ waiting: null })), []);
  t.deepEqual(update(aStatus({ waiting: { ...WAITING, until: at('12:20:00') } })), []);
  const other = { ...WAITING, message: 'vnf-b has not answered yet.' };
  t.is(update(aStatus({ waiting: other })).length, 1);
  t.is(update(aStatus({ waiting: other, state: 'SCALE_IN' })).length, 2);
  progress.end();
  t.deepEqual(update(aStatus({ state: 'MAINTENANCE_DONE' })), []);
});

test('the display suits the stream: pipes and dumb terminals get lines, NO_COLOR gets no colours', (t) => {
  t.deepEqual(progressModeFor({ isTTY: true }, {}), { mode: 'live', color: true });
  t.deepEqual(progressModeFor({ isTTY: true }, { NO_COLOR: '1' }), { mode: 'live', color: false });
  t.deepEqual(progressModeFor({ isTTY: true }, { NO_COLOR: '' }), { mode: 'live', color: true });
  t.deepEqual(progressModeFor({ isTTY: true }, { TERM: 'dumb' }), { mode: 'plain', color: false });
  t.deepEqual(progressModeFor({}, {}), { mode: 'plain', color: false });
});

/** Runs a display in a process of its own, which then ends as `ending` says and never calls end(). */
function processThatEnds(ending: string, beginning = '') {
  const module = new URL('../../src/cli/progress.js', import.meta.url).href;
  const status = `{ ...${JSON.stringify(aStatus())}, domainTime: new Date(0) }`;
  const script = `
    import { createProgress } from '${module}';
    ${beginning}
    process.stdout.columns = 80;
    createProgress({ stream: process.stdout, mode: 'live', color: false }).update(${status});
    ${ending}`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', timeout: 20_000 });
}

test('the cursor comes back when the process exits, throws or is killed, and signals keep their meaning', (t) => {
  const ends = (ending: string, beginning?: string) => {
    const { stdout, status, signal } = processThatEnds(ending, beginning);
    t.true(stdout.endsWith('session cafe\x1b[K\x1b[J\n\x1b[?25h'), stdout);
    return signal ?? status;
  };
  t.is(ends('process.exit(3);'), 3);
  t.is(ends('throw new Error();'), 1);
  const killed = "process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);";
  t.is(ends(killed), 'SIGTERM');
  const gentle = "process.once('SIGTERM', () => setImmediate(() => process.exit(7)));";
  t.is(ends(killed, gentle), 7);
  t.is(ends(gentle + killed), 7);
});
