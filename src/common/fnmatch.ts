/**
 * Python's `fnmatch.fnmatchcase`: `*`, `?`, `[abc]`, `[a-c]`, `[!abc]`. An alarm's event_type is such a pattern (Aodh).
 * Whatever a project wrote there, it never throws.
 */
export function fnmatch(pattern: string, text: string): boolean {
  return matchesFrom([...pattern], 0, [...text], 0);
}

type Letters = readonly string[];

function matchesFrom(pattern: Letters, start: number, text: Letters, begin: number): boolean {
  let [p, at] = [start, begin];
  let star: { readonly p: number; at: number } | undefined;
  for (;;) {
    if (pattern[p] === '*') {
      p += 1;
      star = { p, at };
      continue;
    }
    if (p === pattern.length && at === text.length) return true;
    const next = p < pattern.length && at < text.length ? afterOne(pattern, p, text[at] as string) : undefined;
    if (next !== undefined) {
      p = next;
      at += 1;
    } else if (star !== undefined && star.at < text.length) {
      // The last star takes one letter more; an earlier one never needs to.
      star.at += 1;
      ({ p, at } = star);
    } else {
      return false;
    }
  }
}

/** Where the pattern goes on after taking one letter; undefined if it doesn't take this one. */
function afterOne(pattern: Letters, p: number, letter: string): number | undefined {
  const part = pattern[p] as string;
  if (part === '?') return p + 1;
  const end = part === '[' ? endOfSet(pattern, p) : undefined;
  if (end === undefined) return part === letter ? p + 1 : undefined;
  const isNegated = pattern[p + 1] === '!';
  const set = pattern.slice(isNegated ? p + 2 : p + 1, end);
  return isInSet(set, letter) !== isNegated ? end + 1 : undefined;
}

/** Index of the bracket that closes the set; undefined for a bracket that stands for itself. */
function endOfSet(pattern: Letters, p: number): number | undefined {
  // A closing bracket right at the beginning belongs to the set.
  const first = pattern[p + 1] === '!' ? p + 2 : p + 1;
  const end = pattern.indexOf(']', first + 1);
  return end < 0 ? undefined : end;
}

function isInSet(set: Letters, letter: string): boolean {
  for (let i = 0; i < set.length; i += 1) {
    const low = set[i] as string;
    const high = set[i + 1] === '-' ? set[i + 2] : undefined;
    if (high === undefined) {
      if (low === letter) return true;
    } else {
      if (codeOf(low) <= codeOf(letter) && codeOf(letter) <= codeOf(high)) return true;
      i += 2;
    }
  }
  return false;
}

function codeOf(letter: string): number {
  return letter.codePointAt(0) as number;
}
