import { padText } from '../text.js';
import { fittingWidths, wrapText } from './fit.js';

/** Borders and spaces beside each column, and the border behind the last one. */
const BESIDE = 3;

/**
 * A table with borders, as OpenStack's clients draw them.
 * @param most columns of the terminal that it may take; what does not fit goes on in further lines of its cell
 */
export function boxTable(titles: readonly string[], rows: readonly (readonly string[])[], most: number): string[] {
  const texts = titles.map((title, index) => [title, ...rows.map((row) => row[index] ?? '')]);
  const widths = fittingWidths(texts, most - BESIDE * titles.length - 1);
  const border = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`;
  const lines = (cells: readonly string[]): string[] => {
    const wrapped = widths.map((width, index) => wrapText(cells[index] ?? '', width));
    const height = Math.max(...wrapped.map(({ length }) => length));
    return Array.from({ length: height }, (_, line) => {
      const parts = widths.map((width, index) => ` ${padText(wrapped[index]?.[line] ?? '', width)} `);
      return `|${parts.join('|')}|`;
    });
  };
  return [border, ...lines(titles), border, ...rows.flatMap(lines), border];
}
