// Tables as CSV (RFC 4180), with a header line; packed with gzip or in UTF-16 as well. The parser is csv-parse; this
// file adds what its callers need: columns that must be there are asked for by name, and errors name the file, the
// line and the row.

import { CsvError, parse } from "csv-parse/browser/esm/sync";
import { FormatError } from "../errors.ts";
import { listBriefly, printable } from "../printable.ts";
import { decodeText } from "./decode-text.ts";

/** How a table is read: its name for messages, and the columns that it must have. */
export interface ReadCsvOptions {
  /** The file's name, for errors. */
  name?: string;
  /** Columns without which the table is refused. */
  requireColumns?: readonly string[];
}

/** How a table is read row by row. */
export interface EachCsvRowOptions extends ReadCsvOptions {
  /** Largest number of cells; default ten million. */
  maxCells?: number;
}

const format = "csv";

/** A cell may take 60 bytes here and one in a file; more columns than a spreadsheet has take more still. */
const mostCells = 10_000_000;
const maxColumns = 2 ** 14;

/**
 * Rows as column -> text, in order. Throws FormatError, also for a header that misses or repeats a column and for a row
 * of another length.
 */
export function readCsv(source: string | Uint8Array, options: ReadCsvOptions = {}): Record<string, string>[] {
  const rows: Record<string, string>[] = [];
  eachCsvRow(source, options, (row) => rows.push(row));
  return rows;
}

/**
 * Calls `take` with every row, column -> text, and the line that it ends in, from 1: for tables that are not held as a list.
 * Returns the header. Throws as `readCsv` does, after the rows before the fault.
 */
export function eachCsvRow(
  source: string | Uint8Array,
  { name = "table", requireColumns = [], maxCells = mostCells }: EachCsvRowOptions,
  take: (row: Record<string, string>, line: number) => void,
): readonly string[] {
  const place = printable(name);
  let header: readonly string[] | undefined;
  let cells = 0;
  let row = 0;
  parseRecords(decodeText(source, { format, name }), place, (record, line) => {
    cells += record.length;
    if (cells > maxCells || record.length > maxColumns) {
      const what = `${place} has more than ${maxColumns} columns or ${maxCells} cells`;
      throw new FormatError(format, what, { line, hint: "split it" });
    }
    if (header === undefined) {
      checkHeader(record, requireColumns, place);
      header = record;
      return;
    }
    row += 1;
    if (record.length !== header.length) throw oddRow(record, header, { place, row, line });
    const columns = header;
    take(Object.fromEntries(record.map((cell, index) => [columns[index], cell])), line);
  });
  if (header === undefined)
    throw new FormatError(format, `${place} is empty`, { line: 1, hint: "give it a header line" });
  return header;
}

/** CSV text with a header line of `columns`; a row's other fields are left out, a missing one is empty. */
export function writeCsv(
  rows: readonly Readonly<Record<string, string | number | boolean | null | undefined>>[],
  columns: readonly string[],
): string {
  const lines = rows.map((row) => columns.map((column) => quoteCell(String(row[column] ?? ""))).join(","));
  return `${[columns.map(quoteCell).join(","), ...lines].join("\n")}\n`;
}

/** Calls `take` with every record that is no empty line, and the line it ends in. */
function parseRecords(
  text: string,
  place: string,
  take: (record: readonly string[], line: number) => void,
): void {
  const onRecord = (record: string[], { lines }: { lines: number }): undefined =>
    take(record, lines) as undefined;
  try {
    parse(text, { skip_empty_lines: true, relax_column_count: true, on_record: onRecord });
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const line = typeof cause.lines === "number" ? cause.lines : undefined;
    const what = `${place}: ${printable(cause.message, 200)}`;
    throw new FormatError(format, what, { line, cause, hint: "correct that line" });
  }
}

function checkHeader(header: readonly string[], requireColumns: readonly string[], place: string): void {
  const columns = new Set<string>();
  for (const column of header) {
    if (columns.has(column)) {
      const what = `${place} has two columns "${printable(column)}"`;
      throw new FormatError(format, what, { line: 1, hint: "rename one of them" });
    }
    columns.add(column);
  }
  const missing = requireColumns.filter((column) => !columns.has(column));
  if (missing.length === 0) return;
  const separator = header.length > 1 ? undefined : /[\t;|]/.exec(header[0]!)?.[0];
  const hint =
    separator === undefined
      ? `the header must name them; it has: ${listBriefly(header, 20)}`
      : `its cells are separated by ${separator === "\t" ? "tabs" : `"${separator}"`}: separate them by commas`;
  throw new FormatError(format, `${place} lacks the column ${listBriefly(missing, 10)}`, { line: 1, hint });
}

function oddRow(
  record: readonly string[],
  header: readonly string[],
  { place, row, line }: { place: string; row: number; line: number },
): FormatError {
  const isShort = record.length < header.length;
  const column = isShort ? printable(header[record.length]!) : printable(record[header.length]!);
  const fault = isShort ? `none for the column "${column}"` : `"${column}" belongs to no column`;
  const what = `${place}, row ${row}: ${record.length} cells where the header has ${header.length}, ${fault}`;
  return new FormatError(format, what, { line, hint: "correct that line" });
}

function quoteCell(cell: string): string {
  return cell === "" || /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
