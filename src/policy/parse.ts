import type { Check } from './check.js';

/** A rule that cannot be understood; the message is a clause without the rule itself. */
export class RuleSyntaxError extends Error {
  override readonly name = 'RuleSyntaxError';
}

type Token = '(' | ')' | 'and' | 'or' | 'not' | { readonly check: Check };

const KEYWORDS = new Set(['and', 'or', 'not']);
/** Nobody means it; what recurses over a rule must not run out of stack. */
const MAX_DEPTH = 100;

/**
 * A rule in oslo.policy's language: text (`role:admin and not (rule:x or user_id:%(user_id)s)`, `@`, `!`; empty means
 * everybody), or the older list form, in which an outer list is "or" and an inner one "and".
 * @throws RuleSyntaxError
 */
export function parseRule(rule: unknown): Check {
  if (typeof rule === 'string') return parseText(rule);
  if (Array.isArray(rule)) return parseList(rule);
  throw new RuleSyntaxError('must be text or a list of lists of texts');
}

function parseList(rule: readonly unknown[]): Check {
  if (rule.length === 0) return { kind: 'true' };
  const options = rule.filter((inner) => !isEmpty(inner)).map((inner) => parseAll([inner].flat()));
  if (options.length === 0) return { kind: 'false' };
  return options.length === 1 ? (options[0] as Check) : { kind: 'or', checks: options };
}

function isEmpty(inner: unknown): boolean {
  return inner === '' || (Array.isArray(inner) && inner.length === 0);
}

function parseAll(texts: readonly unknown[]): Check {
  const checks = texts.map((text) => {
    if (typeof text !== 'string') throw new RuleSyntaxError('must be text or a list of lists of texts');
    return parseCheck(text);
  });
  return checks.length === 1 ? (checks[0] as Check) : { kind: 'and', checks };
}

function parseText(text: string): Check {
  if (text.trim() === '') return { kind: 'true' };
  const reader = new TokenReader(tokensOf(text));
  const check = parseOr(reader, 0);
  reader.requireEnd();
  return check;
}

/** Words between blanks, with the parentheses around them; those inside `%(key)s` belong to the word. */
function tokensOf(text: string): Token[] {
  return text
    .trim()
    .split(/\s+/)
    .flatMap((word): Token[] => {
      const [, open = '', rest = ''] = /^(\(*)(.*)$/s.exec(word) ?? [];
      const inner = rest.replace(/\)+$/, '');
      const closing = rest.length - inner.length;
      return [...Array(open.length).fill('('), ...tokenOf(inner), ...Array(closing).fill(')')];
    });
}

function tokenOf(word: string): Token[] {
  if (word === '') return [];
  const lower = word.toLowerCase();
  return KEYWORDS.has(lower) ? [lower as Token] : [{ check: parseCheck(word) }];
}

function parseCheck(word: string): Check {
  if (word === '@') return { kind: 'true' };
  if (word === '!') return { kind: 'false' };
  const colon = word.indexOf(':');
  if (colon < 1) throw new RuleSyntaxError(`"${word}" is no check; checks have a colon, as in role:admin`);
  const left = word.slice(0, colon);
  const match = word.slice(colon + 1);
  if (left === 'http' || left === 'https') throw new RuleSyntaxError('checks by HTTP are not supported');
  if (left === 'rule') return { kind: 'rule', name: match };
  if (match.replaceAll(/%\([^)]*\)s|%%/g, '').includes('%'))
    throw new RuleSyntaxError(`"${match}" has a % that is not part of %(key)s`);
  return left === 'role' ? { kind: 'role', match } : { kind: 'generic', left, match };
}

class TokenReader {
  private at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  take(wanted: Token): boolean {
    if (this.tokens[this.at] !== wanted) return false;
    this.at += 1;
    return true;
  }

  check(): Check {
    const token = this.tokens[this.at];
    this.at += 1;
    if (typeof token === 'object') return token.check;
    throw new RuleSyntaxError(
      token === undefined ? 'it ends where a check should follow' : `"${token}" is out of place`,
    );
  }

  requireEnd(): void {
    const token = this.tokens[this.at];
    if (token === undefined) return;
    throw new RuleSyntaxError(
      typeof token === 'object' ? 'between two checks "and" or "or" is missing' : `"${token}" is out of place`,
    );
  }
}

/** "not" binds closest, then "and", then "or". */
function parseOr(reader: TokenReader, depth: number): Check {
  const checks = [parseAnd(reader, depth)];
  while (reader.take('or')) checks.push(parseAnd(reader, depth));
  return checks.length === 1 ? (checks[0] as Check) : { kind: 'or', checks };
}

function parseAnd(reader: TokenReader, depth: number): Check {
  const checks = [parseNot(reader, depth)];
  while (reader.take('and')) checks.push(parseNot(reader, depth));
  return checks.length === 1 ? (checks[0] as Check) : { kind: 'and', checks };
}

function parseNot(reader: TokenReader, depth: number): Check {
  if (depth > MAX_DEPTH) throw new RuleSyntaxError(`it is nested deeper than ${MAX_DEPTH} levels`);
  if (reader.take('not')) return { kind: 'not', check: parseNot(reader, depth + 1) };
  if (!reader.take('(')) return reader.check();
  const inner = parseOr(reader, depth + 1);
  if (!reader.take(')')) throw new RuleSyntaxError('a parenthesis is not closed');
  return inner;
}
