// Embeddings on their way to a file: a folder `X.npy.parts` beside it, to which groups of proteins are added until all are
// there. A process may be killed at any moment: the next one goes on behind the last whole group.
//
//   settings.json   what is computed; a run with other settings is refused
//   rows.bin        the rows, one after the other
//   index.csv       one line per record: status, residues, windows, first row and number of rows
//   progress.json   how much of both counts

import { appendFile, readFile, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { bytesOf, float32ToFloat16, ProteoscopeError } from "@proteoscope/formats";
import { createFolder } from "@proteoscope/formats/node";
import { takeLock } from "../../screen/node/folder-lock.ts";
import { openResultFile, readRows } from "../../screen/node/result-file.ts";
import { inputsWithoutRows } from "../../screen/node/same-input.ts";
import { writeWhole } from "../../screen/node/screen-folder.ts";
import type { ScreenInput } from "../../screen/records.ts";
import { isDone, type ResultRow } from "../../screen/result-table.ts";
import { type RefusedRow, refusedRow } from "../../screen/summary.ts";
import { sha256Hex } from "../../sha256.ts";
import type { EmbeddedInput, Pooling } from "../embed-proteins.ts";

/** What is computed, as it goes with the embeddings. */
export interface EmbeddingSettings {
  readonly model: string;
  /** SHA-256 of the files of weights and configuration, by path. */
  readonly sha256: Readonly<Record<string, string>>;
  readonly hiddenSize: number;
  readonly pooling: Pooling;
  readonly dtype: "float32" | "float16";
  readonly windowResidues: number;
  /** How proteins that are longer than a window are read, in words. */
  readonly windows: string;
}

/** Columns of the index. */
export const indexColumns = [
  ...["id", "status", "file", "line", "sequence_sha256", "residues", "windows", "first_row", "rows"],
];

/** A folder that takes embeddings. */
export interface EmbeddingStage {
  readonly path: string;
  readonly settings: EmbeddingSettings;
  /** Number of records, of refused ones among them, and of rows that are written. */
  readonly counts: { readonly records: number; readonly refused: number; readonly rows: number };
  /** Passes over the inputs that are there. @throws ProteoscopeError (usage) for other ones. */
  remaining(inputs: AsyncIterable<ScreenInput>): AsyncGenerator<ScreenInput, void, undefined>;
  append(group: readonly EmbeddedInput[]): Promise<void>;
  /** The refused records that are written, those of earlier runs as well, in their order. */
  refusals(): Promise<RefusedRow[]>;
  close(): Promise<void>;
}

/** Opens or makes a stage. @throws ProteoscopeError (usage) where it has other settings, (failure) where another process has it. */
export async function openEmbeddingStage(path: string, settings: EmbeddingSettings): Promise<EmbeddingStage> {
  await createFolder(path);
  const release = await takeLock(join(path, "lock"));
  try {
    const text = `${JSON.stringify(settings, null, 2)}\n`;
    const there = await readText(join(path, "settings.json"));
    if (there === undefined) await writeWhole(join(path, "settings.json"), text);
    else if (there !== text)
      throw new ProteoscopeError(`${path} was begun with other settings: remove it, or give the same`, {
        ...{ kind: "usage", field: "output" },
      });
    const [rowsPath, indexPath] = [join(path, "rows.bin"), join(path, "index.csv")];
    const progress = await readText(join(path, "progress.json"));
    const counts =
      progress === undefined
        ? { records: 0, refused: 0, rows: 0, rowBytes: 0, indexBytes: 0 }
        : JSON.parse(progress);
    for (const [file, size] of [
      [rowsPath, counts.rowBytes],
      [indexPath, counts.indexBytes],
    ]) {
      await appendFile(file, "");
      await truncate(file, size);
    }
    const index = await openResultFile(indexPath, indexColumns);
    return {
      ...{ path, settings, counts },
      remaining: (inputs) => inputsWithoutRows(inputs, index.rows(), path),
      async append(group) {
        for (const input of group) {
          const { rows } = input;
          const count = rows === undefined ? 0 : rows.length / settings.hiddenSize;
          if (rows !== undefined) {
            const bytes = bytesOf(settings.dtype === "float16" ? float32ToFloat16(rows) : rows);
            await appendFile(rowsPath, bytes);
            counts.rowBytes += bytes.length;
          }
          await index.append(await indexRow(input, counts.rows, count));
          counts.records++;
          if (rows === undefined) counts.refused++;
          counts.rows += count;
        }
        counts.indexBytes = await index.size();
        await writeWhole(join(path, "progress.json"), JSON.stringify(counts));
      },
      refusals: () => listRefusals(indexPath),
      async close() {
        await index.close();
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

async function listRefusals(indexPath: string): Promise<RefusedRow[]> {
  const refusals: RefusedRow[] = [];
  for await (const row of readRows(indexPath)) if (!isDone(row)) refusals.push(refusedRow(row));
  return refusals;
}

/** Removes a stage whose file is made. */
export function removeStage(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true });
}

async function indexRow(input: EmbeddedInput, firstRow: number, rows: number): Promise<ResultRow> {
  const { record, refused } = input;
  const { id, file, line } = record ?? refused!;
  const place = { id, file, line: line === undefined ? "" : String(line) };
  if (record === undefined)
    return { ...place, status: `refused: ${refused!.reason.replaceAll(/\s*[\r\n]+\s*/g, "; ")}` };
  return {
    ...place,
    status: "done",
    sequence_sha256: await sha256Hex(record.sequence),
    residues: String(record.sequence.length),
    windows: String(input.windows),
    first_row: String(firstRow),
    rows: String(rows),
  };
}

function readText(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    return undefined;
  });
}
