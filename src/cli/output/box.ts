import { padText, widthOf } from '../text.js';

/** A table with borders, as OpenStack's clients draw them. */
export function boxTable(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = titles.map((title, index) =>
    rows.reduce((most, row) => Math.max(most, widthOf(row[index] ?? '')), widthOf(title)),
  );
  const border = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`;
  const line = (cells: readonly string[]): string =>
    `|${widths.map((width, index) => ` ${padText(cells[index] ?? '', width)} `).join('|')}|`;
  return [border, line(titles), border, ...rows.map(line), border];
}
