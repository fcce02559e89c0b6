import stringWidth from 'string-width';
import { escapeLine } from '../common/unsafe-text.js';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * Text from outside (host names, messages) on one line: what would move the cursor, set colours or titles, turn the
 * direction of what follows it, or cannot be seen, is written as `\u202e`.
 */
export function plainText(text: string): string {
  return escapeLine(text).trim();
}

const USERINFO = /\/\/[^\s/?#"'<>]*@/g;

/** With what stands before `@` in URLs masked: it may be a password. */
export function maskUserinfo(text: string): string {
  return text.replace(USERINFO, '//***@');
}

/** Text from outside in a sentence for people: one line, no control characters, no passwords in URLs. */
export function spokenText(text: string): string {
  return maskUserinfo(plainText(text));
}

/** Most texts are of these, each a column wide; others are far slower to measure. */
const PRINTABLE_ASCII = /^[ -~]*$/;

/** Columns of a terminal that the text takes; of one that takes more than `most`, some number above that. */
export function widthOf(text: string, most = Number.POSITIVE_INFINITY): number {
  if (PRINTABLE_ASCII.test(text)) return text.length;
  if (most === Number.POSITIVE_INFINITY) return stringWidth(text);
  let used = 0;
  for (const character of charactersOf(text)) {
    used += stringWidth(character);
    if (used > most) break;
  }
  return used;
}

/** The characters as a reader counts them: a letter with its accents is one, and so is a flag. */
export function* charactersOf(text: string): Generator<string> {
  for (const { segment } of graphemes.segment(text)) yield segment;
}

/** The text in at most `columns` columns; `…` ends what was cut. */
export function cutText(text: string, columns: number): string {
  if (widthOf(text, columns) <= columns) return text;
  if (PRINTABLE_ASCII.test(text)) return columns > 0 ? `${text.slice(0, columns - 1)}…` : '';
  let kept = '';
  let used = 0;
  for (const character of charactersOf(text)) {
    used += widthOf(character);
    if (used > columns - 1) break;
    kept += character;
  }
  return columns > 0 ? `${kept}…` : '';
}

/** The text filled with spaces to `columns`, on the right unless it is to stand there. */
export function padText(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const filling = ' '.repeat(Math.max(0, columns - widthOf(text)));
  return align === 'left' ? text + filling : filling + text;
}
