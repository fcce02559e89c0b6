/** A rule as it is evaluated. */
export type Check =
  | { readonly kind: 'true' }
  | { readonly kind: 'false' }
  | { readonly kind: 'not'; readonly check: Check }
  | { readonly kind: 'and' | 'or'; readonly checks: readonly Check[] }
  /** `rule:name`. */
  | { readonly kind: 'rule'; readonly name: string }
  /** `role:name`. */
  | { readonly kind: 'role'; readonly match: string }
  /** `user_id:%(user_id)s`, `'text':%(key)s`, `is_admin:True`: an attribute of the credentials, or a literal. */
  | { readonly kind: 'generic'; readonly left: string; readonly match: string };

/** Whom a token speaks for, by oslo.context's names; what is null or absent never matches. */
export type Credentials = Readonly<Record<string, unknown>>;

/** What is asked for: `%(key)s` in a rule is the value of `key` here. */
export type Target = Readonly<Record<string, unknown>>;

/** The rule of a name, if there is one. */
export type RuleBook = (name: string) => Check | undefined;

/** Whether `check` lets the credentials do what is asked for, as oslo.policy reads rules. */
export function passes(check: Check, target: Target, credentials: Credentials, rules: RuleBook): boolean {
  const inner = (one: Check): boolean => passes(one, target, credentials, rules);
  switch (check.kind) {
    case 'true':
      return true;
    case 'false':
      return false;
    case 'not':
      return !inner(check.check);
    case 'and':
      return check.checks.every(inner);
    case 'or':
      return check.checks.some(inner);
    case 'rule': {
      const named = rules(check.name);
      return named !== undefined && inner(named);
    }
    case 'role':
      return hasRole(credentials, filledIn(check.match, target));
    case 'generic':
      return isEqual(check.left, filledIn(check.match, target), credentials);
  }
}

/** Names of rules that a check refers to. */
export function referencesOf(check: Check): string[] {
  switch (check.kind) {
    case 'rule':
      return [check.name];
    case 'not':
      return referencesOf(check.check);
    case 'and':
    case 'or':
      return check.checks.flatMap(referencesOf);
    default:
      return [];
  }
}

/** Role names are compared without regard to case. */
function hasRole({ roles }: Credentials, wanted: string | undefined): boolean {
  if (wanted === undefined || !Array.isArray(roles)) return false;
  return roles.some((role) => String(role).toLowerCase() === wanted.toLowerCase());
}

/** `%(key)s` replaced by the target's values; undefined when it has none. */
function filledIn(match: string, target: Target): string | undefined {
  if (!match.includes('%')) return match;
  let isComplete = true;
  const text = match.replaceAll(/%\(([^)]*)\)s|%%/g, (found, key?: string) => {
    if (key === undefined) return found === '%%' ? '%' : found;
    if (!Object.hasOwn(target, key)) isComplete = false;
    return pythonText(target[key]);
  });
  return isComplete ? text : undefined;
}

const LITERAL = /^(?:'([^']*)'|"([^"]*)"|(True|False|None|-?\d+(?:\.\d+)?))$/;

function isEqual(left: string, match: string | undefined, credentials: Credentials): boolean {
  if (match === undefined) return false;
  const literal = LITERAL.exec(left);
  if (literal !== null) return match === (literal[1] ?? literal[2] ?? literal[3]);
  return isAmong(credentials, left.split('.'), match);
}

/** Follows the path; of a list any member will do. */
function isAmong(value: unknown, [key, ...rest]: readonly string[], match: string): boolean {
  if (key === undefined) return match === pythonText(value);
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false;
  const inner = (value as Record<string, unknown>)[key];
  if (inner === null || inner === undefined) return false;
  if (Array.isArray(inner)) return inner.some((item) => isAmong(item, rest, match));
  return isAmong(inner, rest, match);
}

/** As Python's `str()` writes it. */
function pythonText(value: unknown): string {
  if (value === true) return 'True';
  if (value === false) return 'False';
  return value === null || value === undefined ? 'None' : String(value);
}
