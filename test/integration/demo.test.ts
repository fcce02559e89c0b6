import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Topology } from '../../src/simulator/index.js';
import { Program } from '../support/program.js';

const FAST = ['--speed', '1000'];
const KEYS = [
  'state',
  'hosts',
  'hosts_maintained',
  'instances',
  'moves',
  'violations',
  'replies',
  'moves_per_instance',
  'rolling_s',
  'lower_bound_s',
  'efficiency',
  'makespan_s',
  'wall_s',
];

function topologyFile(t: ExecutionContext, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'fenix-test-demo-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'topology.json');
  writeFileSync(file, text);
  return file;
}

/** Two hosts without room for anything more, of one project that gives nothing up. */
const FULL: Topology = {
  flavors: [{ name: 'large', vcpus: 4, memoryMb: 4096, diskGb: 20 }],
  hosts: ['one', 'two'].map((name) => ({ name, vcpus: 4, memoryMb: 4096, diskGb: 20 })),
  controllers: [],
  projects: [
    {
      name: 'tenant',
      groups: [{ name: 'app' }],
      instances: ['one', 'two'].map((host) => ({ name: `on-${host}`, flavor: 'large', host, group: 'app' })),
    },
  ],
};

test('the last line is the report as JSON, and a session that went well is exit code 0', async (t) => {
  const demo = new Program(t, 'demo', ['--hosts', '3', '--instances', '4', '--json', ...FAST]);
  t.is(await demo.ended, 0, demo.stderr);
  const report = JSON.parse(demo.stdout.trimEnd().split('\n').at(-1) as string);
  t.deepEqual(Object.keys(report), KEYS);
  const {
    makespan_s: makespan,
    wall_s: wall,
    replies,
    rolling_s: rolling,
    lower_bound_s: bound,
    efficiency,
    ...rest
  } = report;
  t.deepEqual(rest, {
    state: 'MAINTENANCE_DONE',
    hosts: 3,
    hosts_maintained: 3,
    instances: 4,
    moves: 4,
    violations: 0,
    moves_per_instance: 1,
  });
  t.true(bound > 0 && bound <= rolling && rolling < makespan);
  t.true(Math.abs(efficiency - bound / rolling) < 0.001);
  t.true(replies >= 4);
  // Three hosts of a minute each one after the other, after a minute's notice; what nobody waited for takes no time.
  t.true(makespan >= 240 && makespan < 1000, `${makespan}`);
  t.true(wall > 0 && wall < makespan);
  t.regex(demo.stderr, /MAINTENANCE_DONE: 100 % done/);
});

test('with the workflow vnf every instance is moved once and no constraint is broken', async (t) => {
  const shape = ['--hosts', '5', '--instances', '8', '--empty', '2', '--max-impacted', '1', '--recovery', '10'];
  const demo = new Program(t, 'demo', ['--workflow', 'vnf', ...shape, '--json', ...FAST]);
  t.is(await demo.ended, 0, demo.stderr);
  const report = JSON.parse(demo.stdout.trimEnd().split('\n').at(-1) as string);
  t.like(report, { state: 'MAINTENANCE_DONE', hosts_maintained: 5, moves: 8, moves_per_instance: 1, violations: 0 });
  t.true(report.efficiency > 0 && report.efficiency <= 1, `${report.efficiency}`);
});

test('a session that fails is exit code 1, with the reason in its report', async (t) => {
  const demo = new Program(t, 'demo', ['--topology', topologyFile(t, JSON.stringify(FULL)), ...FAST]);
  t.is(await demo.ended, 1, demo.stderr);
  t.regex(demo.stdout, /NOT all went well: the session ended in MAINTENANCE_FAILED \(.*no.*room/i);
  t.regex(demo.stdout, /^Hosts maintained +0 of 2$/m);
});

test('what cannot be done is refused in one sentence', async (t) => {
  const cases: [string[], RegExp][] = [
    [['--workflow', 'nosuch'], /^No engine has the workflow plug-in "nosuch"; there are: .*default.*\.\n$/],
    [['--hosts', '1'], /^There is no host for 40 instance\(s\): of 1 host\(s\), 1 must be left empty\.\n$/],
    [['--hosts', '0'], /^error: option '--hosts <n>' argument '0' is invalid\. .*\n$/],
    [['--topology', topologyFile(t, '{"flavors": 1}')], /^Topology: \w+ is missing\.\n$/],
    [['--log', '/nonexistent/demo.log'], /^Cannot write the log: ENOENT.*\.\n$/],
    [['--topology', '/nonexistent.json'], /^Cannot read topology \/nonexistent\.json: .*\n$/],
    [['--engines', '9'], /^error: option '--engines <n>' argument '9' is invalid\. .*\n$/],
    [
      ['--distributed'],
      /^--distributed needs a server that FENIX_TEST_AMQP_URL names; "npm run demo" starts one by itself\.\n$/,
    ],
  ];
  for (const [args, sentence] of cases) {
    const demo = new Program(t, 'demo', args, { FENIX_TEST_AMQP_URL: '' });
    t.is(await demo.ended, 1, args.join(' '));
    t.regex(demo.stderr, sentence);
    t.is(demo.stdout, '');
  }
});

test('--keep leaves everything up, with commands that work, until Ctrl-C', async (t) => {
  const demo = new Program(t, 'demo', ['--hosts', '2', '--instances', '0', '--keep', '--json', ...FAST]);
  const [, file = ''] = await demo.says(/^\. (\S+)\n[\s\S]*machine's time\.\n/m);
  t.is(statSync(file).mode & 0o777, 0o600);
  const inShell = (command: string): string =>
    execFileSync('sh', ['-c', `. ${file}; ${command}`], { encoding: 'utf8' });
  const [session] = JSON.parse(inShell('fenix session list -f json'));
  t.is(session.state, 'MAINTENANCE_DONE');
  const lines = demo.stderr.split('\n');
  const block = lines.slice(lines.findIndex((line) => line.startsWith('Everything is still up')));
  const [curl = ''] = block.filter((line) => line.startsWith('curl '));
  t.deepEqual(JSON.parse(inShell(curl)).sessions, [session.session_id]);
  t.is((await fetch(inShell('printf %s $FENIX/v1/maintenance'))).status, 401);
  demo.kill('SIGINT');
  t.is(await demo.ended, 0, demo.stderr);
  t.is(JSON.parse(demo.stdout).state, 'MAINTENANCE_DONE');
  t.false(existsSync(file));
});

test('what --keep says at last fits a terminal of 80 columns and 24 lines, and tells how its time goes', async (t) => {
  const demo = new Program(t, 'demo', ['--hosts', '1', '--instances', '0', '--keep', ...FAST]);
  await demo.says(/machine's time\.\n/);
  const block = demo.stdout.slice(demo.stdout.indexOf('Everything is still up')).trimEnd().split('\n');
  t.true(block.length <= 23, `${block.length} lines`);
  for (const line of block) t.true(line.length <= 80, line);
  const [, shown = ''] = /^Its clock shows (\S+ \S+) UTC, .* ahead of this machine's,$/m.exec(block.join('\n')) ?? [];
  const aheadMs = Date.parse(`${shown.replace(' ', 'T')}Z`) - Date.now();
  // A minute's notice and one of work, at the least.
  t.true(aheadMs > 60_000, `${aheadMs}`);
  t.regex(block.join('\n'), /^and goes up to 1000 times as fast/m);
  demo.kill('SIGINT');
  t.is(await demo.ended, 0, demo.stderr);
});

test('interrupted, it says where it was and claims nothing', async (t) => {
  const demo = new Program(t, 'demo', ['--hosts', '3', '--instances', '4']);
  await demo.says(/waits for/);
  demo.kill('SIGINT');
  t.is(await demo.ended, 130, demo.stderr);
  t.regex(demo.stderr, /^Interrupted in \w+, 0 of \d+ hosts maintained\.\n$/);
  t.notRegex(demo.stdout, /went well/);
});
