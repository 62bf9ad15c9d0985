// A table of a data set, CSV or Parquet by the end of its name, row by row. A row that its columns refuse is either the
// caller's (data check lists them all) or an error that names file, row and column.

import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { eachCsvRow, eachParquetRow, FormatError } from "@proteoscope/formats";
import type { z } from "zod";

/** A cell that does not belong in its column. */
export interface RowFault {
  readonly file: string;
  /** Line of a CSV, number of the row of a Parquet file, from 1. */
  readonly row: number;
  readonly column: string;
  readonly message: string;
}

/** How a table is read. */
export interface TableOptions<Columns extends z.ZodObject> {
  readonly file: string;
  readonly columns: Columns;
  /** Takes what is wrong with a row; without it, the first fault is thrown. */
  readonly onFault?: (fault: RowFault) => void;
}

const mostCells = 200_000_000; // of OpenCell's million crops, with ample columns

/** Reads every row. @throws FormatError for a file that is no table, and for the first faulty row without `onFault`. */
export async function eachTableRow<Columns extends z.ZodObject>(
  folder: string,
  { file, columns, onFault = throwFault }: TableOptions<Columns>,
  take: (row: z.infer<Columns>, number: number, cells: Readonly<Record<string, string>>) => void,
): Promise<readonly string[]> {
  const needed = Object.entries(columns.shape).filter(([, column]) => !column.safeParse(undefined).success);
  const options = { name: file, requireColumns: needed.map(([column]) => column) };
  const takeRow = (cells: Record<string, string>, row: number) => {
    const result = columns.safeParse(cells);
    if (result.success) return take(result.data, row, cells);
    for (const { path, message } of result.error.issues) {
      const column = String(path[0]);
      onFault({ file, row, column, message: `${JSON.stringify(cells[column]?.slice(0, 40))} ${message}` });
    }
  };
  const path = join(folder, file);
  if (!file.endsWith(".parquet"))
    return eachCsvRow(await readFile(path), { ...options, maxCells: mostCells }, takeRow);
  const handle = await open(path, "r");
  try {
    const { size: byteLength } = await handle.stat();
    const slice = async (start: number, end = byteLength) => {
      const buffer = new ArrayBuffer(end - start);
      await handle.read(new Uint8Array(buffer), 0, end - start, start);
      return buffer;
    };
    return await eachParquetRow({ byteLength, slice }, options, takeRow);
  } finally {
    await handle.close();
  }
}

/** The rows by the value of a column that names them; none where there is no table. @throws FormatError */
export async function readKeyedTable<Columns extends z.ZodObject>(
  folder: string,
  table: { readonly file: string } | undefined,
  columns: Columns,
  key: keyof z.infer<Columns> & string,
): Promise<Map<string, z.infer<Columns>>> {
  const rows = new Map<string, z.infer<Columns>>();
  if (table === undefined) return rows;
  await eachTableRow(folder, { file: table.file, columns }, (row, number) => {
    const name = String(row[key]);
    if (rows.has(name))
      throwFault({ file: table.file, row: number, column: key, message: `"${name}" stands there twice` });
    rows.set(name, row);
  });
  return rows;
}

/** A fault as an error. */
export function throwFault({ file, row, column, message }: RowFault): never {
  throw new FormatError("data set", `${file}, row ${row}, column ${column}: ${message}`, {
    hint: "correct that cell; `proteoscope data check` lists all of them",
  });
}
