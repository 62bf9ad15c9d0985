// Tables as Parquet, read group by group, so that memory holds one group of rows however many there are. The decoder is
// hyparquet; this file turns cells into text, as a CSV would have them, and whatever the decoder throws into FormatError.

import { FormatError } from "../errors.ts";
import { printable } from "../printable.ts";

/** A file of which ranges of bytes are read. */
export interface ByteFile {
  readonly byteLength: number;
  /** The bytes [start, end). */
  slice(start: number, end?: number): Promise<ArrayBuffer>;
}

const format = "parquet";

/**
 * Calls `take` with every row, column -> text, and its number from 1. Absent values are empty text; numbers are written as
 * JavaScript writes them. Returns the columns.
 * @throws FormatError for a file that is no Parquet or lacks a column of `requireColumns`, and what `take` throws.
 */
export async function eachParquetRow(
  file: ByteFile,
  { name = "table", requireColumns = [] }: { name?: string; requireColumns?: readonly string[] },
  take: (row: Record<string, string>, number: number) => void,
): Promise<readonly string[]> {
  const place = printable(name);
  const { parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import("hyparquet");
  const decode = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new FormatError(format, `${place}: ${printable(reason, 200)}`, { cause });
    }
  };
  const metadata = await decode(() => parquetMetadataAsync(file));
  const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
  const missing = requireColumns.filter((column) => !columns.includes(column));
  if (missing.length > 0)
    throw new FormatError(format, `${place} lacks the column ${missing.join(", ")}`, {
      hint: `it has: ${columns.join(", ")}`,
    });
  let number = 0;
  for (const group of metadata.row_groups) {
    const [rowStart, rowEnd] = [number, number + Number(group.num_rows)];
    const rows = await decode(() => parquetReadObjects({ file, metadata, rowStart, rowEnd }));
    for (const row of rows) {
      number += 1;
      take(Object.fromEntries(columns.map((column) => [column, textOf(row[column])])), number);
    }
  }
  return columns;
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value);
}
