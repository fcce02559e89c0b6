/**
 * Python's `repr()` of JSON values: what Ceilometer makes of lists and objects in a payload, and so what a project
 * manager reads. CPython `unicode_repr`, `float_repr` (format code 'r'), `dict_repr`, `list_repr`.
 */
export function pythonRepr(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  switch (typeof value) {
    case 'boolean':
      return value ? 'True' : 'False';
    case 'number':
      return numberRepr(value);
    case 'bigint':
      return value.toString();
    case 'string':
      return stringRepr(value);
    default:
  }
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  const items = Object.entries(value as object).map(([key, item]) => `${stringRepr(key)}: ${pythonRepr(item)}`);
  return `{${items.join(', ')}}`;
}

/** Python's `str()`: strings as they are, everything else by {@link pythonRepr}. */
export function pythonStr(value: unknown): string {
  return typeof value === 'string' ? value : pythonRepr(value);
}

/** Length in code points, as Python counts. */
export function pythonLength(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function stringRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = '';
  for (const char of text) {
    if (char === quote || char === '\\') out += `\\${char}`;
    else if (char === '\n') out += '\\n';
    else if (char === '\r') out += '\\r';
    else if (char === '\t') out += '\\t';
    else out += isPrintable(char) ? char : escapeCodePoint(char.codePointAt(0) ?? 0);
  }
  return quote + out + quote;
}

/** Python's `str.isprintable`: categories Other and Separator are not, except the ASCII space. */
function isPrintable(char: string): boolean {
  return char === ' ' || !/[\p{C}\p{Z}]/u.test(char);
}

function escapeCodePoint(code: number): string {
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\U${code.toString(16).padStart(8, '0')}`;
}

/** Shortest digits are the same in both languages; the form differs: exponent below 1e-4 and from 1e16 on. */
function numberRepr(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  // A JSON integer is a Python int however long; JSON parsing here cannot tell 1.0 from 1.
  if (Number.isInteger(value)) return Object.is(value, -0) ? '0' : BigInt(value).toString();
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-4 && magnitude < 1e16) return String(value);
  const [mantissa, exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
