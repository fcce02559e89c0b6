import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { anAction, aPluginDirectory } from '../support/plugin-files.js';
import { asEnvironment, Program } from '../support/program.js';

async function manage(t: ExecutionContext, args: readonly string[], options: Parameters<typeof asEnvironment>[0] = {}) {
  const program = new Program(t, 'manage', ['plugin', ...args], asEnvironment(options));
  const code = await program.ended;
  return { code, lines: program.stdout.trimEnd().split('\n'), stderr: program.stderr };
}

/** Runs the test that belongs to a new plug-in as its author would, with Node.js alone. */
function runTest(file: string): { readonly status: number | null; readonly stdout: string } {
  const { NODE_OPTIONS, NODE_TEST_CONTEXT, ...env } = process.env;
  return spawnSync(process.execPath, ['--test', file], { encoding: 'utf8', env });
}

test.serial('a new plug-in of each kind is written with a test that passes, and can be used as it is', async (t) => {
  const directory = join(aPluginDirectory(t, {}), 'made', 'for it');
  for (const [type, name, file] of [
    ['action', 'motd', 'actions/motd.mjs'],
    ['instance-action', 'LIVE_MIGRATE', 'instance-actions/live-migrate.mjs'],
    ['instance-action', 'OWN_ACTION', 'instance-actions/own-action.mjs'],
    ['workflow', 'nothing_to_do', 'workflows/nothing-to-do.mjs'],
  ] as const) {
    const written = await manage(t, ['new', name, '--type', type, '--directory', directory]);
    t.is(written.code, 0, written.stderr);
    t.is(written.lines[0], `wrote ${join(directory, file)}`);
    const testFile = written.lines[1]?.slice('wrote '.length) ?? '';
    const { status, stdout } = runTest(testFile);
    t.is(status, 0, stdout);
    t.regex(stdout, /# pass 2/);
  }
  const checked = await manage(t, ['check', directory]);
  t.is(checked.code, 0, checked.stderr);
  t.is(checked.lines.at(-1), '4 checked.');
  t.is(checked.lines.filter((line) => line.startsWith('ok: ')).length, 4);
});

test.serial('the test that the page for authors shows passes', (t) => {
  const page = readFileSync(fileURLToPath(new URL('../../../docs/plug-ins.md', import.meta.url)), 'utf8');
  const [, shown = ''] = /```js test\n([\s\S]*?)```/.exec(page) ?? [];
  const run = `const { remote, metadata, record } = context;
    await remote.run(['apt-get', 'install', '--yes', 'linux-image-' + metadata.version]);
    record({ kernel: (await remote.run(['uname', '-r'])).stdout });
    return 'DONE';`;
  const directory = aPluginDirectory(t, {
    'actions/kernel.mjs': anAction('kernel', run),
    'test/kernel.test.mjs': shown,
  });
  mkdirSync(join(directory, 'node_modules'));
  symlinkSync(fileURLToPath(new URL('../../..', import.meta.url)), join(directory, 'node_modules/fenix'));
  const { status, stdout } = runTest(join(directory, 'test/kernel.test.mjs'));
  t.is(status, 0, stdout);
  t.regex(stdout, /# pass 1/);
});

test.serial('a new plug-in overwrites nothing, and its name becomes no path', async (t) => {
  const directory = aPluginDirectory(t, { 'actions/motd.mjs': anAction('motd') });
  const there = await manage(t, ['new', 'motd', '--directory', directory]);
  t.is(there.code, 1);
  t.regex(there.stderr, /motd\.mjs is there already/);
  for (const name of ['../evil', 'Motd', 'a/b', '$(reboot)']) {
    const refused = await manage(t, ['new', name, '--directory', directory]);
    t.is(refused.code, 1, name);
    t.regex(refused.stderr, /name of a plug-in of type action must be text that matches/);
  }
  const fourth = await manage(t, ['new', 'EVAPORATE', '--type', 'instance-action', '--directory', directory]);
  t.regex(fourth.stderr, /must be one of MIGRATE, LIVE_MIGRATE, OWN_ACTION/);
  t.deepEqual(readdirSync(directory), ['actions']);
  t.false(existsSync(join(directory, '..', 'evil.mjs')));
});

test.serial(
  'plugin check tells of a file, a directory or all that is configured, and whether all can be used',
  async (t) => {
    const directory = aPluginDirectory(t, {
      'actions/exits.mjs': 'process.exit(0);',
      'actions/good.mjs': anAction('good'),
      'lib/part.mjs': '',
    });
    const all = await manage(t, ['check'], { DEFAULT: { plugin_path: `${directory},/no/such/place` } });
    t.is(all.code, 1);
    t.regex(all.lines[0] ?? '', /^broken: Plug-in .*exits\.mjs ended its process with exit code 0/);
    t.regex(all.lines[1] ?? '', /^ok: action good 1\.0\.0 \([0-9a-f]{12}\) .*good\.mjs$/);
    t.regex(all.lines[2] ?? '', /^broken: plugin_path names "\/no\/such\/place"/);
    const good = await manage(t, ['check', join(directory, 'actions/good.mjs')]);
    t.is(good.code, 0);
    t.is(good.lines.length, 2);
    const nowhere = await manage(t, ['check', join(directory, 'lib/part.mjs')]);
    t.is(nowhere.code, 1);
    t.regex(nowhere.lines[0] ?? '', /stands in none of the folders workflows, actions, instance-actions/);
  },
);

test.serial('plugin list shows what an engine would have, where it runs, and what is broken', async (t) => {
  const directory = aPluginDirectory(t, {
    'actions/good.mjs': anAction('good'),
    'actions/bad.mjs': 'export default 1;',
  });
  const options = { DEFAULT: { plugin_path: directory } };
  const { code, lines } = await manage(t, ['list'], options);
  t.is(code, 0);
  t.true(lines.some((line) => /^action +good +1\.0\.0 +[0-9a-f]{12} .* by itself$/.test(line)));
  t.true(lines.some((line) => /^action +noop .* fenix +in the engine$/.test(line)));
  t.regex(lines.at(-1) ?? '', /^broken: .*bad\.mjs: default export must be an object/);
  const json = JSON.parse((await manage(t, ['list', '--json'], options)).lines.join('\n'));
  t.is(json.broken.length, 1);
  t.like(json.plugins[0], { kind: 'action', name: 'good', isolated: true });
});
