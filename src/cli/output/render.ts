import { Document, isAlias, isScalar, Scalar, visit } from 'yaml';
import { escapeUnsafe, isUnsafe } from '../../common/unsafe-text.js';
import { UsageError } from '../exit-codes.js';
import { boxTable } from './box.js';
import { cellText } from './cell.js';

export const FORMATS = ['table', 'json', 'yaml', 'value', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

/** Its columns are its keys. */
export type Row = object;

/** What a command shows: many rows of the same columns, or one object. */
export type View =
  | { readonly columns: readonly string[]; readonly rows: readonly Row[] }
  | { readonly object: Row; readonly table?: (most: number) => readonly string[] };

/**
 * The view as text that ends with a newline, or empty. Control and format characters are escaped in all formats.
 * @param wanted columns to show, in that order; empty = all
 * @param most columns of the terminal that a table may take
 * @throws UsageError for a column that there is not
 */
export function render(view: View, format: Format, wanted: readonly string[], most: number): string {
  const lines = 'object' in view ? ofObject(view, format, wanted, most) : ofRows(view, format, wanted, most);
  return lines.map((line) => `${line}\n`).join('');
}

function ofRows(
  view: Extract<View, { rows: unknown }>,
  format: Format,
  wanted: readonly string[],
  most: number,
): string[] {
  const columns = chosen(view.columns, wanted);
  const cells = (row: Row): string[] => columns.map((column) => cellText(fieldOf(row, column)));
  switch (format) {
    case 'json':
      return [json(view.rows.map((row) => picked(row, columns)))];
    case 'yaml':
      return [yaml(view.rows.map((row) => picked(row, columns)))];
    case 'csv':
      return [columns, ...view.rows.map(cells)].map(csvLine);
    case 'value':
      return view.rows.map((row) => cells(row).join(' '));
    case 'table':
      return view.rows.length === 0 ? [''] : boxTable(columns, view.rows.map(cells), most);
  }
}

function ofObject(
  view: Extract<View, { object: unknown }>,
  format: Format,
  wanted: readonly string[],
  most: number,
): string[] {
  const fields = chosen(Object.keys(view.object), wanted);
  const texts = (): string[] => fields.map((field) => cellText(fieldOf(view.object, field)));
  switch (format) {
    case 'json':
      return [json(picked(view.object, fields))];
    case 'yaml':
      return [yaml(picked(view.object, fields))];
    case 'csv':
      return [fields, texts()].map(csvLine);
    case 'value':
      return texts();
    case 'table': {
      if (view.table !== undefined && wanted.length === 0) return [...view.table(most)];
      return boxTable(
        ['field', 'value'],
        texts().map((text, index) => [fields[index] ?? '', text]),
        most,
      );
    }
  }
}

/** `Maintenance At` and `maintenance-at` mean `maintenance_at`. */
function chosen(columns: readonly string[], wanted: readonly string[]): readonly string[] {
  if (wanted.length === 0) return columns;
  return wanted.map((name) => {
    const key = name
      .trim()
      .toLowerCase()
      .replace(/[\s-]+/g, '_');
    if (columns.includes(key)) return key;
    throw new UsageError(`--column ${name}: there is none; there are ${columns.join(', ')}.`);
  });
}

function picked(row: Row, columns: readonly string[]): Row {
  return Object.fromEntries(columns.map((column) => [column, fieldOf(row, column) ?? null]));
}

/** What a row has in a column; undefined = nothing. */
export function fieldOf(row: Row, column: string): unknown {
  return (row as Readonly<Record<string, unknown>>)[column];
}

function json(value: unknown): string {
  return escapeUnsafe(JSON.stringify(value, null, 2));
}

function yaml(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, (_key, node) => {
    if (isAlias(node) || !isScalar(node) || typeof node.value !== 'string' || !isUnsafe(node.value)) return;
    node.type = Scalar.QUOTE_DOUBLE;
  });
  return escapeUnsafe(document.toString({ lineWidth: 0 })).trimEnd();
}

function csvLine(cells: readonly string[]): string {
  return cells.map((cell) => (/[",]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',');
}
