// The folder of a screen:
//
//   screen.json             what was screened with: model and settings; a run with others is refused
//   results.csv             one row per record in the order of the input, written as it goes
//   shards/2-of-8.csv       the rows of one shard; its name ends in .partial until it is complete
//   shards/2-of-8.json      the number of these rows, by which a shard that lost some is seen
//   pictures/ab/ab12....png pictures by the SHA-256 of their bytes, written before the row that names them
//   results.parquet, contact-sheet.png, summary.html   made of these when all is done
//
// A process may be killed at any moment: the next one goes on behind the last whole row, and ends with the same bytes.

import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ProteoscopeError } from "@proteoscope/formats";
import { createFolder } from "@proteoscope/formats/node";
import { sha256Hex } from "../../sha256.ts";
import type { ScreenInput, ScreenResult, Shard } from "../records.ts";
import { type ResultRow, resultColumns, resultRow } from "../result-table.ts";
import { takeLock } from "./folder-lock.ts";
import { otherSettings } from "./other-settings.ts";
import { openResultFile, readRows } from "./result-file.ts";
import { inputsWithoutRows } from "./same-input.ts";

/** Name of the table of results in a folder. */
export const resultsName = "results.csv";
/** Folder of the shards in a folder. */
export const shardsName = "shards";

/** What a screen is made with, as screen.json has it. */
export interface ScreenDescription {
  readonly schema: 1;
  readonly model: { readonly name: string; readonly sha256: Readonly<Record<string, string>> };
  /** Names of the compartments. */
  readonly labels: readonly string[];
  /** Settings of the pictures and where their nucleus comes from; null where none are drawn. */
  readonly images: Readonly<Record<string, unknown>> | null;
}

/** A folder that takes results. */
export interface ScreenFolder {
  /** Passes over the inputs whose rows are there, and gives those that are left. @throws ProteoscopeError (usage) for other ones. */
  remaining(inputs: AsyncIterable<ScreenInput>): AsyncGenerator<ScreenInput, void, undefined>;
  /** Writes the picture, then the row. */
  append(result: ScreenResult): Promise<void>;
  /** Number of rows that are written. */
  readonly count: number;
  /** Says that a shard is complete. */
  complete(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a folder for the results of a whole screen or of a shard.
 * @throws ProteoscopeError (usage) where it holds another screen, (failure) where another process writes it.
 */
export async function openScreenFolder(
  path: string,
  description: ScreenDescription,
  shard?: Shard,
): Promise<ScreenFolder> {
  await createFolder(path);
  await checkDescription(path, description, shard);
  const complete = shard === undefined ? join(path, resultsName) : shardPath(path, shard);
  const partial = shard === undefined ? complete : `${complete}.partial`;
  await mkdir(dirname(complete), { recursive: true });
  const release = await takeLock(`${partial}.lock`);
  try {
    const isComplete = shard !== undefined && (await exists(complete));
    const file = await openResultFile(isComplete ? complete : partial, resultColumns(description.labels));
    let { count } = file;
    return {
      get count() {
        return count;
      },
      remaining: (inputs) => inputsWithoutRows(inputs, file.rows(), path),
      async append(result) {
        const png = result.done?.picture?.png;
        await file.append(resultRow(result, png && (await writePicture(path, png, shard))));
        count++;
      },
      async complete() {
        if (shard === undefined) return;
        await writeWhole(shardCountPath(path, shard), `${JSON.stringify({ records: count })}\n`, shard);
        if (!isComplete) await rename(partial, complete);
      },
      async close() {
        await file.close();
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** The rows of a screen's table, a few at a time. */
export function readScreenRows(path: string): AsyncGenerator<ResultRow, void, undefined> {
  return readRows(join(path, resultsName));
}

/** Reads screen.json. @throws ProteoscopeError (notFound) where there is none, (data) for one that is damaged. */
export async function readDescription(path: string): Promise<ScreenDescription> {
  const text = await readFile(join(path, descriptionName), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    throw new ProteoscopeError(`${path}: holds no screen (it has no ${descriptionName})`, {
      ...{ kind: "notFound", field: "output" },
    });
  });
  const description = parseDescription(text);
  if (description !== undefined) return description;
  throw new ProteoscopeError(
    `${join(path, descriptionName)} is damaged: remove it and screen again with the same settings, which writes it anew`,
    { kind: "data", field: "output" },
  );
}

function parseDescription(text: string): ScreenDescription | undefined {
  try {
    const found = JSON.parse(text) as Partial<ScreenDescription> | null;
    if (Array.isArray(found?.labels) && typeof found.model?.name === "string" && found.images !== undefined)
      return found as ScreenDescription;
  } catch {
    // It is no JSON.
  }
  return undefined;
}

/** Where the rows of a shard are when it is complete. */
export function shardPath(path: string, { index, count }: Shard): string {
  return join(path, shardsName, `${index + 1}-of-${count}.csv`);
}

/** Where the number of rows of a complete shard is. */
export function shardCountPath(path: string, shard: Shard): string {
  return shardPath(path, shard).replace(/csv$/, "json");
}

/** Writes a file whole or not at all; what a killed process leaves of it, its next run writes over. */
export async function writeWhole(path: string, data: Uint8Array | string, shard?: Shard): Promise<void> {
  const waiting = `${path}.${shard === undefined ? "" : `${shard.index + 1}.`}partial`;
  await writeFile(waiting, data);
  await rename(waiting, path);
}

const descriptionName = "screen.json";

async function checkDescription(
  path: string,
  description: ScreenDescription,
  shard: Shard | undefined,
): Promise<void> {
  const text = `${JSON.stringify(description, null, 2)}\n`;
  const file = join(path, descriptionName);
  if (!(await exists(file))) return writeWhole(file, text, shard);
  const there = await readDescription(path);
  const others = otherSettings(there, description);
  if (others.length === 0) return;
  throw new ProteoscopeError(
    `${path} holds a screen with other settings (${others.join("; ")}): give the same or name another output`,
    { kind: "usage", field: "output" },
  );
}

/** The picture's path in the folder; shared by all that have the same bytes. */
async function writePicture(path: string, png: Uint8Array, shard: Shard | undefined): Promise<string> {
  const name = await sha256Hex(png);
  const inside = `pictures/${name.slice(0, 2)}/${name}.png`;
  const file = join(path, inside);
  await mkdir(dirname(file), { recursive: true });
  await writeWhole(file, png, shard);
  return inside;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
