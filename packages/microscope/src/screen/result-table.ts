// The table of a screen: one row per record, as columns of text that results.csv and the Parquet file share. `status` is
// `done` or `refused: <reason>`.

import { localizedColumns, tabulateLocalized } from "../protein/localized-columns.ts";
import type { ScreenResult } from "./records.ts";

/** A row by column. */
export type ResultRow = Readonly<Record<string, string>>;

const firstColumns = ["id", "status", "file", "line", "sequence_sha256"];

/** Columns that hold numbers; those of the compartments do as well. */
const numberColumns = new Set(["line", "residues", "shown", "nearest_homolog"]);

/** The columns for a model with these labels. */
export function resultColumns(labels: readonly string[]): string[] {
  return [...firstColumns, ...localizedColumns, "nearest_homolog", ...labels, "picture"];
}

/** Whether the column holds numbers, for a model with these labels. */
export function isNumberColumn(column: string, labels: readonly string[]): boolean {
  return numberColumns.has(column) || labels.includes(column);
}

/** The row of a result; `picture` is the path of its picture in the folder. */
export function resultRow({ done, refused }: ScreenResult, picture = ""): ResultRow {
  const { id, file, line } = done?.record ?? refused!;
  const place = { id, file: oneLine(file), line: line === undefined ? "" : String(line) };
  if (done === undefined) return { ...place, status: `refused: ${oneLine(refused.reason)}` };
  const { localized, sequenceSha256 } = done;
  const { nearestHomolog } = localized;
  return {
    ...place,
    status: "done",
    sequence_sha256: sequenceSha256,
    ...tabulateLocalized(localized),
    nearest_homolog: nearestHomolog === null ? "" : nearestHomolog.toFixed(4),
    picture,
  };
}

/** Whether a row says that its record is done. */
export function isDone({ status }: ResultRow): boolean {
  return status === "done";
}

/** A row is one line of the file, so that what was cut off at its end is seen. */
function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*[\r\n]+\s*/g, "; ");
}
