import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { boxTable } from '../../src/cli/output/box.js';
import { wrapText } from '../../src/cli/output/fit.js';
import { cli } from '../support/cli.js';
import { httpDouble } from '../support/http-double.js';
import { Screen } from '../support/screen.js';

const DESCRIPTION = 'Keeps Masakari from taking a host that is being maintained for one that has failed';
const ACTION = {
  name: 'masakari-maintenance',
  version: '1.0.0',
  types: ['host', 'compute'],
  methods: ['run', 'check', 'undo', 'release'],
  source: 'fenix',
  description: DESCRIPTION,
};

interface Where {
  readonly env?: Readonly<Record<string, string>>;
  /** Columns of the terminal that it is shown on; absent = a pipe. */
  readonly terminal?: number;
}

/** The lines that `fenix action list …` writes of one action. */
async function listed(t: ExecutionContext, args: readonly string[], { env = {}, terminal }: Where = {}) {
  const http = await httpDouble(() => ({ body: { actions: [ACTION] } }));
  t.teardown(() => http.close());
  const written: string[] = [];
  const write = (text: string): boolean => written.push(text) > 0;
  const screen = terminal === undefined ? undefined : Object.assign(new Screen(terminal, 24), { write });
  const { out, code, err } = await cli(['action', 'list', ...args], {
    env: { OS_TOKEN: 'opensesame', OS_MAINTENANCE_ENDPOINT_OVERRIDE: `${http.url}/v1`, ...env },
    ...(screen && { screen }),
  });
  t.is(code, 0, err);
  return (out + written.join('')).trimEnd().split('\n');
}

/** What stands in a column of such a table, its lines joined. */
function cellOf(lines: readonly string[], column: number): string {
  const rows = lines.slice(
    lines.findLastIndex((line, index) => line.startsWith('+') && index < lines.length - 1) + 1,
    -1,
  );
  return rows
    .map((line) => line.split('|')[column + 1]?.trim() ?? '')
    .join(' ')
    .trim();
}

test('on a terminal a table is as wide as the terminal, its cells on as many lines as they need', async (t) => {
  for (const terminal of [80, 100, 200]) {
    const lines = await listed(t, [], { terminal });
    for (const line of lines) t.true(line.length <= terminal, line);
    t.is(cellOf(lines, 5), DESCRIPTION);
    t.is(new Set(lines.map(({ length }) => length)).size, 1, 'the right border is straight');
  }
  t.is((await listed(t, [], { terminal: 200 })).length, 5, 'what fits is on one line');
});

test('in a pipe a table is as wide as its texts, unless it is told otherwise as OpenStack’s clients are', async (t) => {
  const widest = (await listed(t, []))[0]?.length ?? 0;
  t.true(widest > 150);
  const cases: readonly (readonly [args: string[], where: Where, width: number])[] = [
    [['--fit-width'], {}, 80],
    [['--fit-width'], { env: { COLUMNS: '100' } }, 100],
    [[], { env: { CLIFF_FIT_WIDTH: '1' } }, 80],
    [[], { env: { COLUMNS: '100' } }, widest],
    [['--max-width', '90'], {}, 90],
    [[], { env: { CLIFF_MAX_TERM_WIDTH: '90' } }, 90],
    [['--max-width', '90'], { terminal: 80 }, 90],
    [['--max-width', '0'], { terminal: 80 }, widest],
    [[], { terminal: 80, env: { COLUMNS: '100' } }, 100],
  ];
  for (const [args, where, width] of cases) {
    const [border = ''] = await listed(t, args, where);
    t.is(border.length, width, JSON.stringify([args, where]));
  }
});

test('formats for programs are the same on every terminal', async (t) => {
  for (const format of ['json', 'yaml', 'value', 'csv']) {
    const wide = await listed(t, ['-f', format]);
    t.deepEqual(await listed(t, ['-f', format, '--fit-width'], { terminal: 40 }), wide, format);
    t.true(wide.join(' ').includes(DESCRIPTION));
  }
});

test('ids and times stay whole as long as words can be broken instead, and break where one would', (t) => {
  const id = '1d6a2268-f1ac-49b8-ab95-565e3d6be08c';
  const time = '2026-11-29T21:48:41';
  t.deepEqual(boxTable(['id', 'at', 'why'], [[id, time, 'All hosts are maintained.']], 80), [
    '+--------------------------------------+---------------------+-----------------+',
    '| id                                   | at                  | why             |',
    '+--------------------------------------+---------------------+-----------------+',
    `| ${id} | ${time} | All hosts are   |`,
    '|                                      |                     | maintained.     |',
    '+--------------------------------------+---------------------+-----------------+',
  ]);
  t.deepEqual(wrapText(id, 20), ['1d6a2268-f1ac-49b8-', 'ab95-565e3d6be08c']);
  t.deepEqual(wrapText(time, 12), ['2026-11-29T', '21:48:41']);
  t.deepEqual(wrapText('MAINTENANCE_DONE', 12), ['MAINTENANCE_', 'DONE']);
});

test('whatever the texts are, the table is no wider than it may be and loses no character', (t) => {
  const text = fc.string({ unit: 'grapheme', maxLength: 60 }).map((one) => one.replace(/[\s\p{C}|]+/gu, ' ').trim());
  const table = fc
    .integer({ min: 1, max: 5 })
    .chain((columns) =>
      fc.array(fc.array(text, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 4 }),
    );
  fc.assert(
    fc.property(table, fc.integer({ min: 50, max: 120 }), ([titles = [], ...rows], most) => {
      const lines = boxTable(titles, rows, most);
      for (const line of lines) t.true(stringWidth(line) <= most, line);
      const kept = (texts: readonly string[]): string => [...texts.join('').replace(/[\s|+-]/g, '')].sort().join('');
      t.is(kept(lines), kept([...titles, ...rows.flat()]));
    }),
    { numRuns: 200 },
  );
});

test('a session whose hosts were not looked up yet says so in words, and to programs nothing', async (t) => {
  const lists = ['hosts', 'instances', 'projects', 'action_plugins', 'action_plugin_instances', 'excluded', 'download'];
  const left = { hosts: [], moves: [], stopped: [], projects: [], notifications: [] };
  const http = await httpDouble(() => ({
    body: {
      session_id: 's',
      state: 'MAINTENANCE',
      ...Object.fromEntries([...lists, 'impacts'].map((list) => [list, []])),
      ...Object.fromEntries(['metadata', 'scope', 'limits', 'policy'].map((object) => [object, {}])),
      left,
    },
  }));
  t.teardown(() => http.close());
  const env = { OS_TOKEN: 'opensesame', OS_MAINTENANCE_ENDPOINT_OVERRIDE: `${http.url}/v1` };
  const shown = await cli(['session', 'create', '--at', 'now'], { env });
  t.regex(shown.out, /^\| hosts +\| not looked up yet: those given, else all +\|$/m, shown.err);
  const json = await cli(['session', 'create', '--at', 'now', '-f', 'json'], { env });
  t.is(JSON.parse(json.out).hosts, null);
});
