import { charactersOf, widthOf } from '../text.js';

/**
 * Where a text may be broken, the better places first: at spaces; after what separates values; within names, ids and
 * times; anywhere.
 */
const BREAKS: readonly ((text: string) => readonly string[])[] = [
  (text) => [text],
  (text) => text.split(/(?<=\s)(?=\S)/),
  (text) => text.split(/(?<=[_,;=/)\]}])|(?<=\dT)(?=\d)/),
  (text) => text.split(/(?<=[-:.])/),
  (text) => [...charactersOf(text)],
];
const ANYWHERE = BREAKS.length - 1;
/** Columns are not made narrower than that where texts are broken anywhere. */
const LEAST = 4;

/**
 * Widths of a table's columns, so that they take at most `most` together: as wide as their texts if they fit, else with
 * the texts broken, no further than needed. Wider than `most` only if there are too many columns.
 * @param columns all texts of each column, its title included
 */
export function fittingWidths(columns: readonly (readonly string[])[], most: number): number[] {
  let wider = widthsWith(columns, 0);
  for (let level = 0; level <= ANYWHERE; level += 1) {
    const least = level < ANYWHERE ? widthsWith(columns, level) : wider.map((width) => Math.min(width, LEAST));
    if (sum(least) <= most) return grown(least, wider, most);
    wider = least;
  }
  return wider;
}

/** The text in lines of at most `width` columns. */
export function wrapText(text: string, width: number): string[] {
  if (widthOf(text) <= width) return [text];
  const lines: string[] = [];
  let line = '';
  for (const piece of piecesOf(text, width, 1)) {
    if (line !== '' && widthOf((line + piece).trimEnd()) > width) {
      lines.push(line.trimEnd());
      line = '';
    }
    line += piece;
  }
  return [...lines, line.trimEnd()];
}

function piecesOf(text: string, width: number, level: number): readonly string[] {
  const pieces = BREAKS[level]?.(text) ?? [text];
  return pieces.flatMap((piece) =>
    level < ANYWHERE && widthOf(piece.trimEnd()) > width ? piecesOf(piece, width, level + 1) : [piece],
  );
}

/** What each column takes at least if its texts are broken there. */
function widthsWith(columns: readonly (readonly string[])[], level: number): number[] {
  return columns.map((texts) => {
    const pieces = texts.flatMap((text) => piecesAt(text, level));
    return pieces.reduce((most, piece) => Math.max(most, widthOf(piece.trimEnd())), 0);
  });
}

function piecesAt(text: string, level: number): readonly string[] {
  return BREAKS.slice(0, level + 1).reduce<readonly string[]>((pieces, cut) => pieces.flatMap(cut), [text]);
}

/** The narrow widths, grown towards the wide ones as far as there is room, the narrowest first. */
function grown(least: readonly number[], wider: readonly number[], most: number): number[] {
  const widths = [...least];
  for (let left = most - sum(widths); left > 0; left -= 1) {
    const growing = widths.map((width, index) => (width < (wider[index] ?? 0) ? width : Number.POSITIVE_INFINITY));
    const narrowest = growing.indexOf(Math.min(...growing));
    if (growing[narrowest] === Number.POSITIVE_INFINITY) break;
    widths[narrowest] = (widths[narrowest] ?? 0) + 1;
  }
  return widths;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
