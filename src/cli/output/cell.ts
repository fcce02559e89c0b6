import { plainText } from '../text.js';

/** A value in one line of text, fit for a terminal; nothing and null are empty. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value) && value.every(isScalar)) return value.map(cellText).join(', ');
  return plainText(isScalar(value) ? String(value) : JSON.stringify(value));
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}
