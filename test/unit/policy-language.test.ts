import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { passes } from '../../src/policy/check.js';
import { parseRule, RuleSyntaxError } from '../../src/policy/parse.js';

interface Vectors {
  readonly book: Readonly<Record<string, string>>;
  readonly credentials: readonly Record<string, unknown>[];
  readonly targets: readonly Record<string, unknown>[];
  /** Verdicts for each of the credentials with each of the targets; null = not understood. */
  readonly rules: readonly { readonly rule: unknown; readonly verdicts: readonly number[] | null }[];
}

/** Made by oslo.policy itself, see make.py beside it. */
const file = fileURLToPath(new URL('../../../test/fixtures/oslo-policy/vectors.json', import.meta.url));
const vectors: Vectors = JSON.parse(readFileSync(file, 'utf8'));
const book = new Map(Object.entries(vectors.book).map(([name, rule]) => [name, parseRule(rule)]));

test('every rule says what oslo.policy says, for every caller and target', (t) => {
  t.true(vectors.rules.length > 200);
  for (const { rule, verdicts } of vectors.rules) {
    if (verdicts === null) {
      t.throws(() => parseRule(rule), { instanceOf: RuleSyntaxError }, JSON.stringify(rule));
      continue;
    }
    const check = parseRule(rule);
    const own = vectors.credentials.flatMap((credentials) =>
      vectors.targets.map((target) => Number(passes(check, target, credentials, (name) => book.get(name)))),
    );
    t.deepEqual(own, verdicts, JSON.stringify(rule));
  }
});

test('who has no project owns nothing, not even what is called None', (t) => {
  const check = parseRule('project_id:%(project_id)s');
  const nobody = { project_id: null, roles: [] };
  t.false(passes(check, { project_id: null }, nobody, () => undefined));
  t.false(passes(check, { project_id: 'None' }, nobody, () => undefined));
  t.false(passes(parseRule('project_id:None'), {}, { roles: [] }, () => undefined));
});

const REFUSED: readonly [rule: unknown, why: RegExp][] = [
  ['role:admin or', /it ends where a check should follow/],
  ['(role:admin', /a parenthesis is not closed/],
  ['role:admin)', /"\)" is out of place/],
  ['role:admin role:member', /"and" or "or" is missing/],
  ['admin', /"admin" is no check/],
  ['http://policy.example.org', /checks by HTTP are not supported/],
  ['user_id:%(id)d', /a % that is not part of %\(key\)s/],
  [`${'('.repeat(200)}@${')'.repeat(200)}`, /nested deeper than 100 levels/],
  [{ role: 'admin' }, /must be text or a list/],
  [[[5]], /must be text or a list/],
];
for (const [rule, message] of REFUSED) {
  test(`a rule that is not understood says why: ${JSON.stringify(rule).slice(0, 40)}`, (t) => {
    t.throws(() => parseRule(rule), { instanceOf: RuleSyntaxError, message });
  });
}
