import { FenixError } from '../common/errors.js';

/**
 * INI text as oslo.config reads it. The npm packages for INI files cannot be used here: they cut values at `;` and `#`
 * (which occur in passwords and URLs), keep only the last of repeated options, and know no continuation lines.
 */
export interface IniEntry {
  readonly section: string;
  readonly option: string;
  /** Lines of a continued value are joined with a line feed. */
  readonly value: string;
  readonly line: number;
}

/**
 * All assignments in order. Comments begin with `#` or `;` in the first column only; a line that begins with a blank
 * continues the value above it; quotes around a whole first line are taken off. Unlike oslo.config, an assignment above
 * the first section belongs to `DEFAULT` instead of being refused.
 * @param file named in errors
 * @throws FenixError of kind `input`, code `config-syntax`
 */
export function parseIni(text: string, file: string): IniEntry[] {
  const entries: IniEntry[] = [];
  let section = 'DEFAULT';
  let open: { section: string; option: string; lines: string[]; line: number } | undefined;
  const close = (): void => {
    if (open !== undefined) entries.push({ ...open, value: open.lines.join('\n') });
    open = undefined;
  };
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const line = raw.trimEnd();
    const refuse = (why: string): never => {
      throw new FenixError('input', 'config-syntax', `${file}, line ${index + 1}: ${why}.`);
    };
    if (/^[ \t]/.test(line)) {
      if (open === undefined) refuse('a line that begins with a blank continues an option, but there is none above it');
      open?.lines.push(line.trimStart());
      continue;
    }
    close();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    if (line.startsWith('[')) {
      if (!line.endsWith(']') || line.length < 3) refuse('a section is written [name], with nothing after it');
      section = line.slice(1, -1).trim();
      continue;
    }
    const at = line.search(/[:=]/);
    if (at < 0) refuse('neither a section, a comment nor an assignment "option = value"');
    const option = line.slice(0, at).trim();
    if (option === '') refuse('an assignment needs an option before the "="');
    open = { section, option, lines: [unquote(line.slice(at + 1).trim())], line: index + 1 };
  }
  close();
  return entries;
}

function unquote(value: string): string {
  const quote = value[0];
  if ((quote !== '"' && quote !== "'") || !value.endsWith(quote)) return value;
  return value.slice(1, -1);
}
