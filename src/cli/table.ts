import { padText, widthOf } from './text.js';

/** A column: its title (may be empty) and where its cells stand. */
export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** Aligned lines, titles first unless all are empty; without trailing spaces. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const titles = columns.map(({ title }) => title);
  const all = titles.every((title) => title === '') ? rows : [titles, ...rows];
  const widths = columns.map((_, index) => Math.max(0, ...all.map((row) => widthOf(row[index] ?? ''))));
  return all.map((row) =>
    columns
      .map(({ align }, index) => padText(row[index] ?? '', widths[index] ?? 0, align))
      .join('  ')
      .trimEnd(),
  );
}
