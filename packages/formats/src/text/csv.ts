// Tables as CSV (RFC 4180), with a header line. The parser is csv-parse; this file adds what its callers
// need: columns that must be there are asked for by name, and errors name the file and the line.

import { CsvError, parse } from "csv-parse/browser/esm/sync";
import { FormatError } from "../errors.ts";

export interface ReadCsvOptions {
  /** The file's name, for errors. */
  name?: string;
  /** Columns without which the table is refused. */
  requireColumns?: readonly string[];
}

const format = "csv";

/** Rows as column -> text, in order. Throws FormatError, also for a header that misses or repeats a column. */
export function readCsv(text: string, options: ReadCsvOptions = {}): Record<string, string>[] {
  const { name = "table", requireColumns = [] } = options;
  const [header, ...rows] = parseRecords(text, name);
  if (header === undefined)
    throw new FormatError(format, `${name} is empty`, { line: 1, hint: "give it a header line" });
  const repeated = header.find((column, index) => header.indexOf(column) !== index);
  if (repeated !== undefined) {
    const hint = "rename one of them";
    throw new FormatError(format, `${name} has two columns ${JSON.stringify(repeated)}`, { line: 1, hint });
  }
  const missing = requireColumns.filter((column) => !header.includes(column));
  if (missing.length > 0) {
    const hint = `the header must name them; it has: ${header.slice(0, 40).join(", ")}`;
    throw new FormatError(format, `${name} lacks the column ${missing.join(", ")}`, { line: 1, hint });
  }
  return rows.map((row) => Object.fromEntries(row.map((cell, index) => [header[index], cell])));
}

/** CSV text with a header line of `columns`; a row's other fields are left out, a missing one is empty. */
export function writeCsv(
  rows: readonly Readonly<Record<string, string | number | boolean | null | undefined>>[],
  columns: readonly string[],
): string {
  const lines = rows.map((row) => columns.map((column) => quoteCell(String(row[column] ?? ""))).join(","));
  return `${[columns.map(quoteCell).join(","), ...lines].join("\n")}\n`;
}

function parseRecords(text: string, name: string): string[][] {
  try {
    return parse(text, { bom: true, skip_empty_lines: true });
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const line = typeof cause.lines === "number" ? cause.lines : undefined;
    throw new FormatError(format, `${name}: ${cause.message}`, { line, cause, hint: "correct that line" });
  }
}

function quoteCell(cell: string): string {
  return cell === "" || /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
