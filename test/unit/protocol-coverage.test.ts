import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const PAGE = 'docs/protocol-coverage.md';

/** Every part of the protocol that has rules of its own: sections, rules of 5.3, rows of 5.4, cases of 9. */
const PARTS = `
  1.1 1.2 1.3 1.4 1.5 2.1 2.2 2.3 2.4 3.1 3.2 3.3 3.4 3.5 3.6 4.1 4.2 5.1 5.2 5.3-V1 5.3-V2 5.3-V3 5.3-V4 5.3-V5
  5.3-V6 5.3-V7 5.3-V8 5.3-V9
  5.4-nack 5.4-silence 5.4-action 5.4-plugin 5.4-end 5.4-resume 5.4-skip_host 5.4-force 5.4-ask 5.4-budget 6.1 6.2 6.3 7 8
  9-1 9-2 9-3 9-4 9-5 9-6 9-7 9-8 9-9 9-10 9-11 9-12 9-13 9-14 9-15 9-16 9-17 9-18 9-19 9-20 9-21 9-22 9-23 9-24 9-25 9-26 9-27
  9-28 9-29`
  .trim()
  .split(/\s+/);

interface Shown {
  readonly file: string;
  readonly title: string;
}

interface Row {
  readonly part: string;
  readonly words: string;
  readonly shown: readonly Shown[];
}

/** `| part | words | unit/file: "title"; … |`, each test on a line of its own in the page. */
function rowsOf(page: string): Row[] {
  const lines = page.split('\n').filter((line) => /^\| \d/.test(line));
  return lines.map((line) => {
    const [, part = '', words = '', tests = ''] = line.split('|').map((cell) => cell.trim());
    const shown = tests.split('<br>').map((each) => {
      const [, file = '', title = ''] = each.match(/^`([\w/-]+)`: (.+)$/) ?? [];
      return { file, title };
    });
    return { part, words, shown };
  });
}

interface Titles {
  readonly literal: ReadonlySet<string>;
  /** With `…` for what a table fills in. */
  readonly templates: ReadonlySet<string>;
  readonly source: string;
}

function titlesIn(source: string): Titles {
  const literal = new Set<string>();
  const templates = new Set<string>();
  for (const [, quote, text = ''] of source.matchAll(/\btest(?:\.serial)?\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g)) {
    const plain = text.replaceAll(/\\(['"`])/g, '$1');
    if (quote === '`') templates.add(plain.replaceAll(/\$\{[^}]*\}/g, '…'));
    else literal.add(plain);
  }
  return { literal, templates, source };
}

/** A literal title, a template as it is, or one whose end is a quoted text of its table. */
function isTitle(title: string, { literal, templates, source }: Titles): boolean {
  if (literal.has(title) || templates.has(title)) return true;
  return [...templates].some((template) => {
    const prefix = template.slice(0, -1);
    if (!template.endsWith('…') || prefix === '' || !title.startsWith(prefix)) return false;
    const end = title.slice(prefix.length);
    return end !== '' && [`'${end}'`, `"${end}"`].some((quoted) => source.includes(quoted));
  });
}

const page = readFileSync(join(root, PAGE), 'utf8');
const rows = rowsOf(page);

test('every part of the protocol has one row, and no row is about anything else', (t) => {
  t.deepEqual(
    rows.map(({ part }) => part),
    PARTS,
  );
  for (const { part, words } of rows) t.not(words, '', part);
});

test('every row names tests, and each of them exists under that title in that file', (t) => {
  const known = new Map<string, Titles>();
  const missing = rows.flatMap(({ part, shown }) =>
    shown.flatMap(({ file, title }) => {
      const path = join(root, 'test', `${file}.test.ts`);
      if (title === '' || !existsSync(path)) return [`${part}: ${file || 'no test'}`];
      const titles = known.get(file) ?? titlesIn(readFileSync(path, 'utf8'));
      known.set(file, titles);
      return isTitle(title, titles) ? [] : [`${part}: ${file}: ${title}`];
    }),
  );
  t.deepEqual(missing, []);
});

test('titles are found as they are written, with the words of a table, and not otherwise', (t) => {
  const template = ['`ask: $', '{title}`'].join('');
  const titles = titlesIn(`test('one', f); test.serial(\n  ${template}, f); const cases = { 'a case': 1 };`);
  t.true(isTitle('one', titles));
  t.true(isTitle('ask: …', titles));
  t.true(isTitle('ask: a case', titles));
  t.false(isTitle('ask: another case', titles));
  t.false(isTitle('on', titles));
  t.false(isTitle('a case', titles));
});

test('what is not built yet is told outside the table', (t) => {
  const [, after = ''] = page.split('\n## Not built yet\n');
  t.true(after.split('\n').filter((line) => line.startsWith('* ')).length > 0);
  t.deepEqual(rowsOf(after), []);
});
