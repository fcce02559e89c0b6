import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * Text from outside (host names, messages) as one line without control characters: it must not move the cursor, set
 * colours or titles, or turn the direction of what follows it.
 */
export function plainText(text: string): string {
  return stripVTControlCharacters(text).replace(/\s+/g, ' ').replace(/\p{C}/gu, '').trim();
}

/** The same with its lines and spaces kept. */
export function plainLines(text: string): string {
  return stripVTControlCharacters(text).replace(/(?!\n)\p{C}/gu, '');
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

/** Columns of a terminal that the text takes. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/** The characters as a reader counts them: a letter with its accents is one, and so is a flag. */
export function charactersOf(text: string): string[] {
  return [...graphemes.segment(text)].map(({ segment }) => segment);
}

/** The text in at most `columns` columns; `…` ends what was cut. */
export function cutText(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
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
