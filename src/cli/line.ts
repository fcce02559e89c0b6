import { cutText, widthOf } from './text.js';

/** Colours of the terminal's own palette, by their SGR code (ECMA-48). */
export const COLORS = { red: 31, green: 32, yellow: 33, magenta: 35, cyan: 36, grey: 90 } as const;
export type Color = keyof typeof COLORS;

/** A piece of a line in one colour; it holds no control characters. */
export interface Span {
  readonly text: string;
  readonly color?: Color | undefined;
}

/** A line of the screen. Layout works on spans; escape sequences come in when it is painted. */
export type Line = readonly Span[];

function fits(line: Line, columns: number): boolean {
  return line.reduce((left, { text }) => (left < 0 ? left : left - widthOf(text, left)), columns) >= 0;
}

/** The line in at most `columns` columns. */
export function cutLine(line: Line, columns: number): Line {
  if (fits(line, columns)) return line;
  const kept: Span[] = [];
  let left = columns;
  for (const span of line) {
    const width = widthOf(span.text, left);
    // A span that fits exactly is cut as well: something follows it, and the mark needs a place.
    if (width >= left) return [...kept, { ...span, text: cutText(`${span.text} `, left) }];
    kept.push(span);
    left -= width;
  }
  return kept;
}

/** The spans side by side, `gap` columns between them, on as many lines as they need. */
export function wrapSpans(spans: readonly Span[], columns: number, gap: number): Line[] {
  const lines: Span[][] = [];
  let used = 0;
  for (const span of spans) {
    const width = widthOf(span.text);
    const current = lines.at(-1);
    if (current !== undefined && used + gap + width <= columns) {
      current.push({ text: ' '.repeat(gap) }, span);
      used += gap + width;
    } else {
      lines.push([span]);
      used = width;
    }
  }
  return lines;
}

/** The line as it is written to a terminal. */
export function paintLine(line: Line, color: boolean): string {
  return line.map((span) => paintSpan(span, color)).join('');
}

function paintSpan({ text, color }: Span, wanted: boolean): string {
  return wanted && color !== undefined && text.trim() !== '' ? `\x1b[${COLORS[color]}m${text}\x1b[39m` : text;
}
