import test from 'ava';
import { formatDuration } from '../../src/cli/duration.js';
import { type DemoReport, renderReport, reportLine, wentWell } from '../../src/cli/report.js';

function aReport(overrides: Partial<DemoReport> = {}): DemoReport {
  return {
    state: 'MAINTENANCE_DONE',
    hosts: 20,
    hostsMaintained: 20,
    instances: 60,
    moves: 63,
    movesPerInstance: new Map([
      [2, 4],
      [0, 1],
      [1, 55],
    ]),
    violations: [],
    replies: 64,
    waits: [
      { for: 'replies', seconds: 45 },
      { for: 'maintenance-at', seconds: 720 },
    ],
    serviceLevels: [
      { manager: 'vnf-a', availability: 1, outages: 0 },
      { manager: 'web', availability: 0.99999, outages: 0 },
    ],
    makespanS: 4985.4321,
    wallS: 83.0909,
    ...overrides,
  };
}

test('a report on a session that went well says so first, then gives figures and tables', (t) => {
  t.is(
    renderReport(aReport()),
    `All went well: 20 hosts maintained, no constraint broken, no application down.

State                MAINTENANCE_DONE
Hosts maintained     20 of 20
Instances            60
Moves                63, 1.05 per instance
Replies of managers  64
Violations           none
Makespan             1 h 23 min of domain time
Took                 1 min 23 s of real time

Times moved  Instances
          0          1
          1         55
          2          4

Waited for      Domain time
maintenance-at  12 min
replies         45 s

Application of  Availability  Outages
vnf-a               100.00 %        0
web                > 99.99 %        0`,
  );
  t.true(wentWell(aReport()));
});

test('a report names everything that did not go well in its first sentence', (t) => {
  const report = aReport({
    state: 'MAINTENANCE_FAILED',
    reason: 'Plug-in noop failed on compute-7.',
    hostsMaintained: 17,
    violations: ['Group a had 2 impacted of 1.'],
    serviceLevels: [{ manager: 'vnf-a', availability: 0.5, outages: 2 }],
  });
  const lines = renderReport(report).split('\n');
  t.is(
    lines[0],
    'NOT all went well: the session ended in MAINTENANCE_FAILED (Plug-in noop failed on compute-7); 3 of 20 hosts not maintained; 1 violation; 2 outages.',
  );
  t.deepEqual(lines.slice(-2), ['Violations', '  - Group a had 2 impacted of 1.']);
  t.false(wentWell(report));
});

test('each shortcoming alone is enough for a report not to be good', (t) => {
  const shortcomings: Partial<DemoReport>[] = [
    { state: 'START_MAINTENANCE' },
    { hostsMaintained: 19 },
    { violations: ['x'] },
    { serviceLevels: [{ manager: 'a', availability: 0.9, outages: 1 }] },
  ];
  for (const shortcoming of shortcomings) t.false(wentWell(aReport(shortcoming)), JSON.stringify(shortcoming));
});

test('of many violations a report lists twenty and says how many more there are', (t) => {
  const violations = Array.from({ length: 23 }, (_, index) => `violation ${index + 1}`);
  const lines = renderReport(aReport({ violations })).split('\n');
  t.deepEqual(lines.slice(-3), ['  - violation 19', '  - violation 20', '  and 3 more']);
  t.false(renderReport(aReport({ violations: violations.slice(0, 20) })).includes('more'));
});

test('a report without instances, waits or applications has no empty tables', (t) => {
  const report = aReport({ instances: 0, moves: 0, movesPerInstance: new Map(), waits: [], serviceLevels: [] });
  t.is(renderReport(report).split('\n\n').length, 2);
  t.regex(renderReport(report), /^Moves +0$/m);
});

test('control characters from outside are written out in a report', (t) => {
  const text = renderReport(
    aReport({
      state: 'X\x1b[2J',
      reason: 'a\rb',
      violations: ['evil\x1b[31m\nname'],
      waits: [{ for: 'r\x07', seconds: 1 }],
      serviceLevels: [{ manager: 'm\x9b1m', availability: 1, outages: 0 }],
    }),
  );
  t.notRegex(text.replaceAll('\n', ''), /\p{C}/u);
  t.true(text.endsWith('  - evil\\u001b[31m name'));
});

test('a report for programs is one line of JSON with its keys in order', (t) => {
  t.is(
    reportLine(aReport({ violations: ['a', 'b'] })),
    '{"state":"MAINTENANCE_DONE","hosts":20,"hosts_maintained":20,"instances":60,"moves":63,"violations":2,"replies":64,"makespan_s":4985.432,"wall_s":83.091}',
  );
});

test('durations are shown in their two largest units', (t) => {
  const seconds = [-5, 0, 0.04, 4.29, 9.9, 9.96, 45, 59.99, 60, 312, 3599, 3600, 4985, 86_399, 86_400, 183_600, 1e7];
  t.deepEqual(seconds.map(formatDuration), [
    '0 s',
    '0 s',
    '0 s',
    '4.2 s',
    '9.9 s',
    '9.9 s',
    '45 s',
    '59 s',
    '1 min',
    '5 min 12 s',
    '59 min 59 s',
    '1 h',
    '1 h 23 min',
    '23 h 59 min',
    '1 d',
    '2 d 3 h',
    '115 d 17 h',
  ]);
});

test('of many applications only those that suffered are named', (t) => {
  const serviceLevels = Array.from({ length: 50 }, (_, i) => ({ manager: `app-${i}`, availability: 1, outages: 0 }));
  const all = renderReport(aReport({ serviceLevels }));
  t.true(all.endsWith('Application of  Availability  Outages\nall 50              100.00 %        0'));
  serviceLevels[7] = { manager: 'app-7', availability: 0.5, outages: 1 };
  const some = renderReport(aReport({ serviceLevels }));
  t.true(some.endsWith('app-7                50.00 %        1\n49 others           100.00 %        0'), some);
});
