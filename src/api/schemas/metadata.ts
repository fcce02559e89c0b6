import { pythonLength, pythonRepr } from '../../common/python-literal.js';
import { malformed } from '../errors.js';

/** Ceilometer cuts text traits here; a manager could not read what is left (v1 §3.6). */
const MAX_REPR = 255;

/** @throws Refusal 400 when managers could not get the session's metadata whole */
export function checkMetadata(metadata: Record<string, unknown>): void {
  const length = pythonLength(pythonRepr(metadata));
  if (length > MAX_REPR) {
    throw malformed('metadata', `metadata takes ${length} characters as a Python literal, ${MAX_REPR} are possible.`);
  }
}

/** Texts which decoders in the field are known to misread: sentences for the log. */
export function metadataWarnings(metadata: Record<string, unknown>): string[] {
  const warnings: string[] = [];
  for (const text of stringsIn(metadata)) {
    if (text.endsWith('u')) warnings.push(`${JSON.stringify(text)} ends in u, which one decoder drops`);
    if (text.includes("'") && text.includes('"')) warnings.push(`${JSON.stringify(text)} has both kinds of quotes`);
    if (text.includes('\\')) warnings.push(`${JSON.stringify(text)} has a backslash`);
  }
  return warnings;
}

/** Keys and string values at any depth. */
function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(stringsIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [key, ...stringsIn(item)]);
}
