/**
 * Characters of names and messages that a terminal might obey, that turn the direction of what follows, cannot be seen,
 * or that some readers take for the end of a line: control and format characters (general categories Cc and Cf of
 * Unicode), U+2028 and U+2029. Line feeds and tabs stay.
 */
const UNSAFE = /(?![\n\t])[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** Of text in which lines mean nothing, and of which nothing that cannot be shown is to get through. */
const UNSHOWN = /[\p{C}\u2028\u2029]/gu;

/**
 * The text with such characters written as `\u202e`. Of JSON, or YAML with such strings in double quotes, that is the same
 * value.
 */
export function escapeUnsafe(text: string): string {
  return text.replace(UNSAFE, escaped);
}

/** Whether a text has such a character in it. */
export function isUnsafe(text: string): boolean {
  return /[\p{Cc}\p{Cf}\u2028\u2029]/u.test(text);
}

/** The same on one line: white space is a blank, and what else has no form is written so as well. */
export function escapeLine(text: string): string {
  return text.replace(/[^\S\u2028\u2029\ufeff]+/g, ' ').replace(UNSHOWN, escaped);
}

/** By its UTF-16 units, as JSON has it. */
function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, index) => {
    return `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }).join('');
}
