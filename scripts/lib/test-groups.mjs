// Which test files share a process. To start one and to load all of Fenix takes as long as several tests do, and code
// that has run for a while is faster than code that has just been read.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ava from '../../ava.config.mjs';

/** Files that import test files, and nothing else; AVA runs them as groups.ava.config.mjs says. */
const GROUPS = 'dist/groups';

/**
 * How many processes the files of a folder have together. Their tests run one after the other: most wait for no real
 * time, so side by side they would only look more often whether all is quiet. The files of other folders start whole
 * systems of programs: each keeps a process of its own, and its tests run side by side.
 */
const SHARED = { scenario: 8, engine: 2, api: 2, unit: 3 };

/** Each a single test that takes as long as a group. */
const LONG = /^scenario\/random-clouds/;

/** How many calls the files of all other folders make. */
const CALLS = 4;

/** With fewer files there is nothing to be gained. */
const WORTHWHILE = 8;

/** Sources of tests, `*` for any name, `!` for what is left out. */
const PATTERN = /^!?(\.\/)?test\/[\w./*-]+\.ts$/;

/**
 * @param root of the checkout, built
 * @param args of "npm test"; none stands for all
 * @returns {string[][] | undefined} the arguments of each call of AVA, a process at a time in each; undefined where `args`
 * are more than patterns of files or select only few
 */
export function testGroups(root, args) {
  if (!args.every((arg) => PATTERN.test(arg))) return undefined;
  const files = testFiles(join(root, 'dist/test'))
    .filter((file) => isSelected(`dist/test/${file}.js`, ava.files))
    .filter((file) => isSelected(`test/${file}.ts`, args));
  const shared = files.filter(isShared);
  if (shared.length < WORTHWHILE) return undefined;
  rmSync(join(root, GROUPS), { recursive: true, force: true });
  mkdirSync(join(root, GROUPS), { recursive: true });
  const groups = Object.entries(SHARED).flatMap(([folder, processes]) => {
    const dealt = deal(
      shared.filter((file) => folderOf(file) === folder),
      processes,
    );
    return dealt.map((group, i) => writeGroup(root, `${folder}-${i + 1}`, group));
  });
  const apart = deal(
    files.filter((file) => !isShared(file)),
    CALLS,
  );
  return [
    ...apart.map((each) => ['--concurrency', '1', ...each.map((file) => `dist/test/${file}.js`)]),
    ...groups.map((group) => ['--config', 'groups.ava.config.mjs', group]),
  ];
}

/** As `folder/name.test`, sorted. */
function testFiles(compiled) {
  return readdirSync(compiled, { recursive: true })
    .filter((file) => file.endsWith('.test.js'))
    .map((file) => file.replaceAll('\\', '/').slice(0, -'.js'.length))
    .sort();
}

function folderOf(file) {
  return file.slice(0, file.indexOf('/'));
}

function isShared(file) {
  return Object.hasOwn(SHARED, folderOf(file)) && !LONG.test(file);
}

function isSelected(path, patterns) {
  const isMatch = (pattern) => expression(pattern).test(path);
  const wanted = patterns.filter((pattern) => !pattern.startsWith('!'));
  const unwanted = patterns.filter((pattern) => pattern.startsWith('!'));
  return (wanted.length === 0 || wanted.some(isMatch)) && !unwanted.some(isMatch);
}

function expression(pattern) {
  const parts = pattern.replace(/^!?(\.\/)?/, '').split(/(\*\*\/|\*\*|\*)/);
  const spelled = { '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*' };
  return new RegExp(`^${parts.map((part) => spelled[part] ?? part.replaceAll('.', '\\.')).join('')}$`);
}

/** Neighbours go to different groups: stories about the same things take about as long. */
function deal(files, groups) {
  const dealt = Array.from({ length: Math.min(groups, files.length) }, () => []);
  files.forEach((file, i) => {
    dealt[i % dealt.length].push(file);
  });
  return dealt;
}

function writeGroup(root, name, files) {
  const path = `${GROUPS}/${name}.test.js`;
  writeFileSync(join(root, path), files.map((file) => `import '../test/${file}.js';\n`).join(''));
  return path;
}
