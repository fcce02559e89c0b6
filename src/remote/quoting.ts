import { FenixError } from '../common/errors.js';

/** One word of a POSIX shell that is exactly `text`, whatever it holds. @throws FenixError `argument` for a NUL byte */
export function quoted(text: string): string {
  if (text.includes('\0')) {
    throw new FenixError('input', 'argument', 'A program’s arguments, input and environment cannot hold a NUL byte.');
  }
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** As {@link quoted}, in one line: the shell that reads it has a variable `n` that holds a line feed. */
export function quotedInOneLine(text: string): string {
  return quoted(text).replaceAll('\n', `'"$n"'`);
}
