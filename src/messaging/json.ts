import { randomUUID } from 'node:crypto';

/**
 * JSON as Python peers write it: integers of any length (a `bigint` here beyond 2^53) and bare NaN and Infinity, which
 * JSON.parse rounds or refuses. A number beyond 2^53 that is written without fraction comes back as a bigint.
 */

/** Marks values on their way through JSON.parse and JSON.stringify; nobody outside can know it. */
const MARK = `${randomUUID()}:`;
const MAY_BE_SPECIAL = /NaN|Infinity|\d{16}/;
const STRING_OR_SPECIAL = /"[^"\\]*(?:\\.[^"\\]*)*"|-?Infinity|NaN|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MARKED_INTEGER = new RegExp(`"${MARK}(-?\\d+)"`, 'g');

/** Throws a SyntaxError for what is no JSON even by Python's reading. */
export function parseJson(text: string): unknown {
  if (!MAY_BE_SPECIAL.test(text)) return JSON.parse(text);
  const marked = text.replace(STRING_OR_SPECIAL, (token) => (isSpecial(token) ? `"${MARK}${token}"` : token));
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(MARK) ? special(value.slice(MARK.length)) : value,
  );
}

/** Always valid JSON: a bigint leaves as its digits, NaN and Infinity leave as null. Throws a TypeError for cycles. */
export function stringifyJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (thrown) {
    // Either a bigint, or a cycle that is refused below as well.
    if (!(thrown instanceof TypeError)) throw thrown;
    return stringifyWithIntegers(value);
  }
}

function stringifyWithIntegers(value: unknown): string {
  let marked = false;
  const text = JSON.stringify(value, (_, item: unknown) => {
    if (typeof item !== 'bigint') return item;
    marked = true;
    return `${MARK}${item}`;
  });
  return marked ? text.replace(MARKED_INTEGER, '$1') : text;
}

function isSpecial(token: string): boolean {
  if (token.startsWith('"')) return false;
  return /[NI]/.test(token) || (/^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)));
}

function special(token: string): number | bigint {
  return /[NI]/.test(token) ? Number(token) : BigInt(token);
}
