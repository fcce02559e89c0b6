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

/** What a terminal might obey, or what turns the direction of a text. */
const UNSAFE = /[\u007f-\u009f\p{Cf}]/gu;

/** Escapes within strings of JSON, or of YAML in double quotes, that which neither has to escape. */
export function escapeUnsafe(text: string): string {
  return text.replace(UNSAFE, (character) =>
    [...character.matchAll(/[\s\S]/g)]
      .map(([unit]) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** Whether a text needs quotes in which it can be escaped. */
export function needsEscape(text: string): boolean {
  return /[\p{Cc}\p{Cf}]/u.test(text);
}
