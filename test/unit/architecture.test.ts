import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

/**
 * Who may import whom, by folder of src (and plugins); `a/b` allows that one module. docs/architecture.md says why.
 * A new folder gets its line here and in the map there.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[] | 'all'>> = {
  cmd: 'all',
  api: ['policy', 'rpc', 'db', 'downloads/request', 'model', 'config', 'common', 'keystone-auth-middleware'],
  engine: ['workflow', 'planner', 'rpc', 'notifications', 'db', 'downloads', 'messaging', 'model', 'config', 'common'],
  downloads: ['common'],
  hooks: ['workflow/action-tools', 'common'],
  remote: ['workflow/action-tools', 'config', 'common'],
  openstack: ['keystone-auth-middleware', 'workflow/cloud-port', 'model', 'config', 'common'],
  rpc: ['messaging', 'model', 'common'],
  notifications: ['messaging', 'model', 'common'],
  messaging: ['config', 'common'],
  simulator: ['messaging', 'model', 'common'],
  workflow: ['model', 'planner', 'common'],
  db: ['model', 'config', 'common'],
  planner: ['model'],
  'keystone-auth-middleware': ['common'],
  policy: ['common'],
  plugins: ['workflow', 'model', 'planner', 'common'],
  cli: ['client', 'keystone-auth-middleware', 'model', 'common'],
  client: ['model', 'common'],
  config: ['common'],
  model: [],
  common: [],
};

/** Packages that only one folder may know. */
const OWNED_PACKAGES: Readonly<Record<string, string>> = {
  amqplib: 'messaging',
  convict: 'config',
  knex: 'db',
  libsql: 'db',
  mysql2: 'db',
  'reflect-metadata': 'cmd',
  tsyringe: 'cmd',
};

const LONGEST_FILE = 400;

const root = fileURLToPath(new URL('../../..', import.meta.url));

interface Source {
  /** Relative to the project, with slashes. */
  readonly path: string;
  /** Folder of src, or `plugins`. */
  readonly folder: string;
  readonly text: string;
}

function sourceOf(path: string, text: string): Source {
  const [top = '', second = ''] = path.split('/');
  return { path, folder: top === 'src' ? second : top, text };
}

function readSources(top: string): Source[] {
  return readdirSync(join(root, top), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(top, name))
    .map((path) => sourceOf(path, readFileSync(join(root, path), 'utf8')));
}

const sources = ['src', 'plugins'].filter((top) => existsSync(join(root, top))).flatMap(readSources);

function readJson(path: string) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}

/** Everything that a file imports, re-exports, loads or requires by name. */
function importsOf({ text }: Source): string[] {
  const pattern = /(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*['"]([^'"]+)['"]/g;
  return [...text.matchAll(pattern)].map(([, name = '']) => name);
}

/** An imported module of ours without `src/` and ending, e.g. `workflow/cloud-port`; undefined for packages. */
function moduleOf(source: Source, name: string): string | undefined {
  if (!name.startsWith('.')) return undefined;
  const path = relative(root, resolve(root, source.path, '..', name));
  return path.replace(/^src\//, '').replace(/\.js$/, '');
}

function packageOf(name: string): string | undefined {
  if (name.startsWith('.') || name.startsWith('node:')) return undefined;
  const [scope = '', second = ''] = name.split('/');
  return scope.startsWith('@') ? `${scope}/${second}` : scope;
}

function mayImport(source: Source, module: string): boolean {
  const allowed = MAY_IMPORT[source.folder];
  if (allowed === 'all' || module.split('/')[0] === source.folder) return true;
  return (allowed ?? []).some((entry) => module === entry || module.startsWith(`${entry}/`));
}

function forbiddenImports(files: readonly Source[]): string[] {
  return files.flatMap((source) => {
    const names = importsOf(source);
    const modules = names
      .flatMap((name) => moduleOf(source, name) ?? [])
      .filter((module) => !mayImport(source, module));
    const packages = names
      .flatMap((name) => packageOf(name) ?? [])
      .filter((name) => (OWNED_PACKAGES[name] ?? source.folder) !== source.folder);
    return [...modules, ...packages].map((what) => `${source.path} imports ${what}`);
  });
}

/** Lines that match, outside comments, in files whose folder is not among `except`. */
function findings(files: readonly Source[], pattern: RegExp, except: readonly string[]): string[] {
  return files
    .filter(({ folder }) => !except.includes(folder))
    .flatMap(({ path, text }) =>
      text
        .split('\n')
        .map((line, index) => ({ line, place: `${path}:${index + 1}` }))
        .filter(({ line }) => !/^\s*(\*|\/\/|\/\*)/.test(line) && pattern.test(line))
        .map(({ place }) => place),
    );
}

test('folders import only what the table allows, and packages only where they belong', (t) => {
  t.true(sources.length > 20);
  t.deepEqual(forbiddenImports(sources), []);
});

test('forbidden imports are found in each form that an import can have', (t) => {
  const files = [
    sourceOf('src/model/a.ts', "import type { Clock } from '../common/clock.js';"),
    sourceOf('src/api/a.ts', "export * from '../engine/runner.js';\nimport '../db/index.js';"),
    sourceOf(
      'src/openstack/a.ts',
      "import { Plugin } from '../workflow/plugin.js';\nimport '../workflow/cloud-port.js';",
    ),
    sourceOf('src/planner/sub/a.ts', "const x = await import('../../db/table.js');\nimport '../plan.js';"),
    sourceOf('src/engine/a.ts', "const knex = require('knex/lib/index.js');\nimport { connect } from 'amqplib';"),
    sourceOf('plugins/actions/a.ts', "import {\n  Database,\n} from '../../src/db/database.js';"),
  ];
  t.deepEqual(forbiddenImports(files), [
    'src/model/a.ts imports common/clock',
    'src/api/a.ts imports engine/runner',
    'src/openstack/a.ts imports workflow/plugin',
    'src/planner/sub/a.ts imports db/table',
    'src/engine/a.ts imports knex',
    'src/engine/a.ts imports amqplib',
    'plugins/actions/a.ts imports db/database',
  ]);
});

test('every folder of src stands in the table, and in the map of docs/architecture.md', (t) => {
  const folders = readdirSync(join(root, 'src'));
  t.deepEqual(
    folders.filter((folder) => !Object.hasOwn(MAY_IMPORT, folder)),
    [],
  );
  const map = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  t.deepEqual(
    folders.filter((folder) => !map.includes(`\n  ${folder}/ `)),
    [],
  );
});

test('what ships imports no package that is there for development only', (t) => {
  const { dependencies } = readJson('package.json');
  const used = new Set(sources.flatMap(importsOf).flatMap((name) => packageOf(name) ?? []));
  t.deepEqual(
    [...used].filter((name) => !Object.hasOwn(dependencies, name)),
    [],
  );
});

test('the table of dependencies in README.md is the one in package.json, with the licences that the packages state', (t) => {
  const { dependencies, devDependencies } = readJson('package.json');
  const stated = Object.entries<string>({ ...dependencies, ...devDependencies }).map(([name, version]) => {
    const { license } = readJson(`node_modules/${name}/package.json`);
    return `${name} ${version} ${license}`;
  });
  const rows = readFileSync(join(root, 'README.md'), 'utf8').matchAll(
    /^\| (\S+) \| (\d\S*) \| ([^|]+) \| [^|]{5,} \|$/gm,
  );
  t.deepEqual([...rows].map(([, name, version, license]) => `${name} ${version} ${license}`).sort(), stated.sort());
});

test('only executables and the command line interface write to the console', (t) => {
  t.deepEqual(findings(sources, /\bconsole\.\w+\(/, ['cmd', 'cli']), []);
  t.deepEqual(findings([sourceOf('src/db/a.ts', '// console.log()\nconsole.log(1);')], /\bconsole\.\w+\(/, []), [
    'src/db/a.ts:2',
  ]);
});

test("only openstack and the simulator know Nova's paths", (t) => {
  const novaPath = /['"`/]os-(services|hypervisors|migrations|aggregates|server-groups|instance-actions)\b/;
  t.deepEqual(findings(sources, novaPath, ['openstack', 'simulator']), []);
});

test('plans are pure: no clock, no chance, no I/O (L8)', (t) => {
  // Three files bring plans to a thread of their own, and to text, and back; what plans is in the others.
  const carriers = /\/(planner|worker|plan-record)\.ts$/;
  const planner = sources.filter(({ folder, path }) => folder === 'planner' && !carriers.test(path));
  const impure =
    /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bset(Timeout|Interval|Immediate)\(|\bprocess\.|\bfetch\(/;
  t.true(planner.length > 0);
  t.deepEqual(findings(planner, impure, []), []);
  t.deepEqual(
    planner.flatMap(importsOf).filter((name) => !name.startsWith('.')),
    [],
  );
});

test('domain logic asks a clock for the time', (t) => {
  const domain = sources.filter(({ folder }) => ['engine', 'workflow', 'model', 'plugins'].includes(folder));
  t.deepEqual(findings(domain, /\bDate\.now\(|\bnew Date\(\)|\bset(Timeout|Interval)\(/, []), []);
});

test(`no file has more than ${LONGEST_FILE} lines`, (t) => {
  const long = sources.filter(({ text }) => text.split('\n').length - 1 > LONGEST_FILE);
  t.deepEqual(
    long.map(({ path }) => path),
    [],
  );
});
