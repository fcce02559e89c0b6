import { realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { SystemMachineClock } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import { type Logger, silentLogger } from '../../src/common/logger.js';
import { PluginProcesses } from '../../src/workflow/isolation/plugin-processes.js';
import { type LoaderOptions, loadPlugins } from '../../src/workflow/loader.js';
import type { PluginRegistry } from '../../src/workflow/registry.js';
import { actionContext } from '../../src/workflow/testing/action-context.js';
import { anAction, aPluginDirectory } from '../support/plugin-files.js';

function processesOf(t: ExecutionContext, loadTimeoutS = 60): PluginProcesses {
  const settings = { isolation: 'third-party', memoryMiB: 64, graceS: 0, loadTimeoutS } as const;
  const processes = new PluginProcesses(settings, new SystemMachineClock());
  t.teardown(() => processes.close());
  return processes;
}

const load = (place: string, options: LoaderOptions = {}): Promise<PluginRegistry> =>
  loadPlugins([place], silentLogger, options);

const infoOf = (registry: PluginRegistry, wanted: string) => registry.infos().find(({ name }) => name === wanted);

/** A directory in which the packages are installed that `files` describes by path. */
function installed(t: ExecutionContext, files: Readonly<Record<string, string>>): string {
  const within = Object.entries(files).map(([path, text]) => [`node_modules/${path}`, text] as const);
  return aPluginDirectory(t, Object.fromEntries(within));
}

const aManifest = (more: object = {}) =>
  JSON.stringify({ name: '@example/plugins', version: '2.0.0', type: 'module', ...more });

test.serial('an npm package is found beside the configured directory, with plug-ins in its folders', async (t) => {
  const packagesFrom = installed(t, {
    '@example/plugins/package.json': aManifest({ exports: {} }),
    '@example/plugins/actions/bios.js': anAction('bios'),
    '@example/plugins/lib/other.js': anAction('other'),
  });
  const registry = await load('@example/plugins', { packagesFrom });
  t.is(await registry.action('bios').run(actionContext()), 'DONE');
  t.like(infoOf(registry, 'bios'), { source: '@example/plugins', contract: 1, methods: ['run'], isolated: false });
  t.is(infoOf(registry, 'other'), undefined);
});

test.serial('an npm package may list its plug-ins in its package.json instead', async (t) => {
  const fenix = { actions: ['./lib/bios.js', 'lib/disk.cjs'] };
  const packagesFrom = installed(t, {
    '@example/plugins/package.json': aManifest({ fenix }),
    '@example/plugins/lib/bios.js': anAction('bios'),
    '@example/plugins/lib/disk.cjs': "module.exports = { name: 'disk', version: '1', run: async () => 'DONE' };",
    '@example/plugins/actions/unlisted.js': anAction('unlisted'),
  });
  const registry = await load('@example/plugins', { packagesFrom });
  t.is(await registry.action('disk').run(actionContext()), 'DONE');
  t.truthy(infoOf(registry, 'bios'));
  t.is(infoOf(registry, 'unlisted'), undefined);
});

test.serial('what a package lists must be modules of its own, by kinds that there are', async (t) => {
  for (const [fenix, message] of [
    [
      ['./a.js'],
      /package\.json: fenix must be an object with lists of modules under workflows, actions, instance-actions/,
    ],
    [{ action: [] }, /package\.json: fenix\.action must be one of workflows, actions, instance-actions/],
    [{ actions: './a.js' }, /fenix\.actions must be a list of modules of the package/],
    [{ actions: ['../../outside.js'] }, /fenix\.actions\[0\] must be the path of a module in the package/],
    [{ actions: ['./not-there.js'] }, /fenix\.actions\[0\] must be the path/],
    [{ actions: [1] }, /fenix\.actions\[0\] must be the path/],
    [{ actions: ['.'] }, /fenix\.actions\[0\] must be the path/],
  ] as const) {
    const packagesFrom = installed(t, { '@example/plugins/package.json': aManifest({ fenix }), 'outside.js': '' });
    await t.throwsAsync(load('@example/plugins', { packagesFrom }), { code: 'plug-in-invalid', message });
  }
});

test.serial(
  'an entry of the search path never leads anywhere but to a directory or an installed package',
  async (t) => {
    const packagesFrom = installed(t, { 'a/package.json': '{}', 'a/actions/bios.js': anAction('bios') });
    for (const name of ['a/../a', '../node_modules/a', 'A', '@a', '@a/../a', 'a b', '.a']) {
      await t.throwsAsync(load(name, { packagesFrom }), { instanceOf: FenixError, code: 'plug-in-path' }, name);
    }
    t.truthy(infoOf(await load('a', { packagesFrom }), 'bios'));
  },
);

test.serial('a place without plug-ins is warned of; an empty entry is none', async (t) => {
  const places: unknown[] = [];
  const log: Logger = { ...silentLogger, warn: (fields) => void places.push(fields) };
  const empty = aPluginDirectory(t, { 'readme.txt': '' });
  await loadPlugins([empty, ''], log);
  t.deepEqual(places, [{ place: empty }]);
});

const digestOf = async (place: string, packagesFrom?: string): Promise<string | undefined> =>
  infoOf(await load(place, packagesFrom === undefined ? {} : { packagesFrom }), 'work')?.digest;

test.serial('the digest covers what the plug-in names within its own place, and nothing else', async (t) => {
  const files = {
    'actions/work.mjs': `
      import { a } from '../lib/a.mjs';
      import data from '../lib/data.json' with { type: 'json' };
      const later = () => import('../lib/later.mjs');
      const template = new URL('../lib/template.txt', import.meta.url);
      ${anAction('work')}`,
    'actions/other.mjs': anAction('other'),
    'lib/a.mjs': "export { b as a } from './b.mjs';",
    'lib/b.mjs': 'export const b = 1;',
    'lib/data.json': '{}',
    'lib/later.mjs': '1;',
    'lib/template.txt': 'x',
    'lib/unused.mjs': '1;',
  };
  const place = aPluginDirectory(t, files);
  const first = await digestOf(place);
  t.regex(first ?? '', /^[0-9a-f]{64}$/);
  t.is(await digestOf(aPluginDirectory(t, files)), first, 'where it stands does not matter');
  for (const path of [
    'lib/a.mjs',
    'lib/b.mjs',
    'lib/data.json',
    'lib/later.mjs',
    'lib/template.txt',
    'actions/work.mjs',
  ]) {
    const text = files[path as keyof typeof files];
    const changed = aPluginDirectory(t, { ...files, [path]: `${text}\n` });
    t.not(await digestOf(changed), first, path);
  }
  for (const path of ['lib/unused.mjs', 'actions/other.mjs']) {
    const changed = aPluginDirectory(t, { ...files, [path]: anAction('other', "return 'OTHER';") });
    t.is(await digestOf(changed), first, path);
  }
});

test.serial('the digest covers versions of the package and of what it imports, not of Fenix', async (t) => {
  const digestWith = (own: string, dependency: string): Promise<string | undefined> => {
    const packagesFrom = installed(t, {
      '@example/plugins/package.json': aManifest({ version: own }),
      '@example/plugins/actions/work.mjs': `import 'node:fs';\nimport 'left-pad';\n${anAction('work')}`,
      'left-pad/package.json': JSON.stringify({ name: 'left-pad', version: dependency, main: 'index.js' }),
      'left-pad/index.js': '',
      'fenix/package.json': '{"name": "fenix", "version": "9"}',
    });
    return digestOf('@example/plugins', packagesFrom);
  };
  const first = await digestWith('1.0.0', '1.0.0');
  t.is(await digestWith('1.0.0', '1.0.0'), first);
  t.not(await digestWith('1.0.1', '1.0.0'), first);
  t.not(await digestWith('1.0.0', '1.0.1'), first);
});

test.serial('modules in a circle, links and names in comments have a digest too', async (t) => {
  const place = aPluginDirectory(t, {
    'actions/work.mjs': `// from './nowhere.mjs'\nimport '../lib/a.mjs';\n${anAction('work')}`,
    'lib/a.mjs': "import '../actions/work.mjs';",
  });
  const outside = aPluginDirectory(t, {});
  symlinkSync(place, join(outside, 'link'));
  t.is(await digestOf(join(outside, 'link')), await digestOf(place));
});

/** By file; what is wrong with it. */
const BROKEN: Readonly<Record<string, readonly [text: string, reason: RegExp]>> = {
  'actions/a-syntax.mjs': ['export default {', /cannot be loaded: /],
  'actions/b-missing-import.mjs': ["import './nowhere.mjs';", /cannot be loaded: .*nowhere\.mjs/],
  'actions/c-throws.mjs': ["throw new Error('not today');", /cannot be loaded: not today$/],
  'actions/d-no-export.mjs': ['export const name = 1;', /default export must be an object/],
  'actions/e-name.mjs': [anAction('Wrong Name'), /name must be text that matches/],
  'actions/f-no-run.mjs': ["export default { name: 'f', version: '1' };", /run must be a function/],
  'actions/g-schema.mjs': [
    anAction('g', '', "metadataSchema: { type: 'objekt' },"),
    /metadataSchema must be a JSON schema/,
  ],
  'actions/h-later.mjs': [
    anAction('h', '', 'contract: 3,'),
    /written for contract 3; this Fenix knows contracts up to 1/,
  ],
  'actions/i-exits.mjs': ['process.exit(3);', /ended its process with exit code 3 when it was imported/],
  'actions/l-memory.mjs': ['const all = []; for (;;) all.push(new Array(1000).fill(1));', /more than 64 MiB of memory/],
  'actions/m-getter.mjs': ["export default { get name() { throw new Error('gotcha'); } };", /cannot be loaded: gotcha/],
  'instance-actions/n-name.mjs': [
    anAction('EVAPORATE', '', 'needsTarget: true,'),
    /name must be text that matches \^\(MIGRATE/,
  ],
  'instance-actions/o-exits.mjs': ['process.exit(0);', /ended its process with exit code 0/],
  'workflows/p-states.mjs': [
    "export default { name: 'p', version: '1', style: 'vnf', states: {} };",
    /states\.MAINTENANCE must be/,
  ],
};

test.serial('every plug-in that cannot be used is told of with file and reason, and does no harm', async (t) => {
  const files = Object.entries(BROKEN);
  const texts = Object.fromEntries(files.map(([path, [text]]) => [path, text]));
  const place = aPluginDirectory(t, { ...texts, 'actions/good.mjs': anAction('good') });
  const logged: object[] = [];
  const log: Logger = { ...silentLogger, error: (fields) => void logged.push(fields) };
  const options = { processes: processesOf(t), onError: 'skip' } as const;
  const registry = await loadPlugins([place, '/no/such/place'], log, options);
  t.truthy(infoOf(registry, 'good'));
  t.is(registry.broken.length, files.length + 1);
  t.deepEqual(logged, registry.broken);
  for (const [path, [, reason]] of files) {
    const file = join(realpathSync(place), path);
    const told = registry.broken.find((broken) => broken.file === file);
    t.is(told?.source, place);
    t.true(told?.reason.startsWith(`Plug-in ${file}`), told?.reason);
    t.regex(told?.reason ?? '', reason);
  }
  t.like(registry.broken.at(-1), { source: '/no/such/place', file: null });
  t.regex(registry.broken.at(-1)?.reason ?? '', /^plugin_path names/);
});

test.serial('a module whose import does not end is given up, whether it loops or waits', async (t) => {
  const place = aPluginDirectory(t, {
    'actions/loops.mjs': 'for (;;);',
    'actions/waits.mjs': 'await new Promise((resolve) => setTimeout(resolve, 60_000));',
    'workflows/loops.mjs': 'for (;;);',
  });
  const { broken } = await loadPlugins([place], silentLogger, { processes: processesOf(t, 0.5), onError: 'skip' });
  t.is(broken.length, 3);
  for (const { reason } of broken) t.regex(reason, /mjs took more than 0\.5 s when it was imported\.$/);
});

test.serial('where broken ones are to stop the engine, it is told of all of them at once', async (t) => {
  const place = aPluginDirectory(t, {
    'actions/bad.mjs': anAction('Bad'),
    'actions/good.mjs': anAction('good'),
    'workflows/exits.mjs': 'process.exit(1);',
  });
  const options = { processes: processesOf(t) };
  const error = await t.throwsAsync(loadPlugins([place, '/no/such/place'], silentLogger, options), {
    code: 'plug-in-invalid',
  });
  const [first, ...lines] = error?.message.split('\n') ?? [];
  t.is(first, '3 plug-ins cannot be used.');
  t.is(lines.length, 3);
  t.regex(lines[0] ?? '', /exits\.mjs ended its process with exit code 1/);
  t.regex(lines[1] ?? '', /bad\.mjs: name must be/);
  t.regex(lines[2] ?? '', /^plugin_path names "\/no\/such\/place"/);
});

test.serial('a single broken one is told of in its own words', async (t) => {
  const place = aPluginDirectory(t, { 'actions/bad.mjs': anAction('Bad') });
  const file = join(realpathSync(place), 'actions/bad.mjs');
  await t.throwsAsync(load(place, { processes: processesOf(t) }), {
    message: `Plug-in ${file}: name must be text that matches ^[a-z][a-z0-9_-]{0,63}$.`,
  });
});

test.serial('what a plug-in declares arrives from its process as it is', async (t) => {
  const more = `description: 'd', types: ['compute'], timeoutS: 5, retry: { attempts: 2, waitS: 3 },
    metadataSchema: { type: 'object', required: ['x'] }, undo: async () => 'DONE', contract: 1,`;
  const place = aPluginDirectory(t, { 'actions/work.mjs': anAction('work', "return 'DONE';", more) });
  const alone = await load(place);
  const isolated = await load(place, { processes: processesOf(t) });
  t.deepEqual(infoOf(isolated, 'work'), { ...(infoOf(alone, 'work') as object), isolated: true } as never);
  t.like(infoOf(isolated, 'work'), { timeoutS: 5, retry: { attempts: 2, waitS: 3 }, methods: ['run', 'undo'] });
  t.like(isolated.action('work'), { timeoutS: 5, retry: { attempts: 2, waitS: 3 }, types: ['compute'] });
});

test.serial(
  'workflows and instance actions of others are imported in a process of their own first, then run in the engine’s',
  async (t) => {
    const place = aPluginDirectory(t, {
      'instance-actions/live.mjs': `
      export default { name: 'LIVE_MIGRATE', version: '7', needsTarget: true, pid: process.pid, run: async () => ({ result: 'gone' }) };`,
    });
    const registry = await load(place, { processes: processesOf(t) });
    t.like(registry.instanceAction('LIVE_MIGRATE'), { version: '7', pid: process.pid });
  },
);
