// Writes a data set crop by crop: the store, the table of crops, the list of what was refused, and at the end the other tables
// with dataset.json. Memory holds what the caller hands over and nothing else; a killed import goes on from its last
// checkpoint.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readCsv, writeCsv, writeNpyHeader } from "@proteoscope/formats";
import { type DataSetDescription, describeSet } from "../dataset/description.ts";
import { type GrowingFiles, openGrowingFiles } from "./growing-files.ts";

/** A cell of a table. */
export type Cell = string | number | undefined;
/** A row of a table. */
export type Cells = Readonly<Record<string, Cell>>;

/** What was not imported, and why. */
export interface RefusedRow {
  readonly file: string;
  /** Row of the file, counted from 1 without the header. */
  readonly row: number;
  readonly column: string;
  readonly reason: string;
}

/** The shape of a set. */
export interface SetShape {
  readonly channels: readonly string[];
  readonly height: number;
  readonly width: number;
  /** Columns of the table of crops after `index`. */
  readonly cropColumns: readonly string[];
}

interface State<Position> {
  readonly position: Position;
  readonly count: number;
  readonly refused: number;
}

/** A set that is being written. */
export interface SetWriter<Position> {
  /** Where the import stood; undefined at its beginning. */
  readonly position: Position | undefined;
  readonly count: number;
  readonly refused: number;
  /** Adds crops: planes [n, C, H, W] and a row for each. */
  addCrops(planes: Uint8Array, rows: readonly Cells[]): Promise<void>;
  /** Adds rows to a table that grows with the crops. */
  addRows(table: string, columns: readonly string[], rows: readonly Cells[]): Promise<void>;
  /** Adds bytes to a file that grows with the crops and is no table. */
  addBytes(file: string, bytes: Uint8Array): Promise<void>;
  /** Lists what is not imported. */
  refuse(rows: readonly RefusedRow[]): Promise<void>;
  checkpoint(position: Position): Promise<void>;
  /** Writes the other tables and dataset.json; all files get their names. */
  finish(description: DataSetDescription, tables: ReadonlyMap<string, string>): Promise<void>;
  close(): Promise<void>;
}

/** The file of the crops. */
export const cropsFile = "crops.npy";
/** The file of the table of crops. */
export const cropTableFile = "crops.csv";
/** The file that lists what was refused; a set without refusals has an empty table. */
export const refusedFile = "refused.csv";

/** The column of a refused field whose channels seem to be swapped. */
export const swappedColumn = "nucleus and protein";

const refusedColumns = ["file", "row", "column", "reason"];

/**
 * Opens a folder to write a set, at its beginning or where an earlier process was killed; undefined where that had finished.
 * @throws as `openGrowingFiles` does.
 */
export async function openSetWriter<Position>(
  folder: string,
  { channels, height, width, cropColumns }: SetShape,
  { settings, others }: { readonly settings: unknown; readonly others: readonly string[] },
): Promise<SetWriter<Position> | undefined> {
  const names = [cropsFile, cropTableFile, refusedFile, ...others];
  const files = await openGrowingFiles<State<Position>>(folder, names, settings);
  if (files === undefined) return undefined;
  const shapeOf = (count: number) => [count, channels.length, height, width];
  let count = files.state?.count ?? 0;
  let refused = files.state?.refused ?? 0;
  if (files.state === undefined) {
    await files.append(cropsFile, writeNpyHeader("uint8", shapeOf(0)));
    await files.append(cropTableFile, headerOf(["index", ...cropColumns]));
    await files.append(refusedFile, headerOf(refusedColumns));
  }
  return {
    position: files.state?.position,
    get count() {
      return count;
    },
    get refused() {
      return refused;
    },
    async addCrops(planes, rows) {
      const first = count;
      count += rows.length;
      const indexed = rows.map((row, at) => ({ index: first + at, ...row }));
      const table = rowsOf(["index", ...cropColumns], indexed);
      await Promise.all([files.append(cropsFile, planes), files.append(cropTableFile, table)]);
    },
    async addRows(table, columns, rows) {
      if (files.sizeOf(table) === 0) await files.append(table, headerOf(columns));
      await files.append(table, rowsOf(columns, rows));
    },
    addBytes: (file, bytes) => files.append(file, bytes),
    async refuse(rows) {
      refused += rows.length;
      await files.append(
        refusedFile,
        rowsOf(
          refusedColumns,
          rows.map((row) => ({ ...row })),
        ),
      );
    },
    checkpoint: (position) => files.checkpoint({ position, count, refused }),
    async finish(description, tables) {
      await files.overwriteStart(cropsFile, writeNpyHeader("uint8", shapeOf(count)));
      for (const [name, text] of tables) await replaceContent(files, name, text);
      await files.finish(describeSet(description));
    },
    close: () => files.close(),
  };
}

/** What was refused of a set; nothing for one that was written by other means. */
export async function readRefused(folder: string): Promise<RefusedRow[]> {
  const text = await readFile(join(folder, refusedFile)).catch(() => undefined);
  if (text === undefined) return [];
  const rows = readCsv(text, { name: refusedFile, requireColumns: refusedColumns });
  return rows.map(({ file = "", row, column = "", reason = "" }) => ({
    file,
    row: Number(row),
    column,
    reason,
  }));
}

/** A small table as a whole; one that a killed `finish` began is written anew, with the same bytes. */
async function replaceContent(files: GrowingFiles<unknown>, name: string, text: string): Promise<void> {
  if (files.sizeOf(name) > 0) throw new RangeError(`${name} grows with the crops`);
  await files.append(name, text);
}

const headerOf = (columns: readonly string[]): string => writeCsv([], columns);

const rowsOf = (columns: readonly string[], rows: readonly Cells[]): string =>
  writeCsv(rows, columns).slice(headerOf(columns).length);
