// A file of results that only grows, one line per record: results.csv, or that of a shard. A line is written at once, and a
// part of one, which a killed process may leave at the end, is cut off by the next that opens the file.

import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { FormatError, readCsv, writeCsv } from "@proteoscope/formats";
import type { ResultRow } from "../result-table.ts";

/** A file that is open for more rows. */
export interface ResultFile {
  readonly path: string;
  /** The rows that were there. */
  rows(): AsyncGenerator<ResultRow, void, undefined>;
  append(row: ResultRow): Promise<void>;
  close(): Promise<void>;
}

const lineEnd = 10;
const rowsAtOnce = 200;

/** Opens or begins a file. @throws FormatError for one with other columns. */
export async function openResultFile(path: string, columns: readonly string[]): Promise<ResultFile> {
  const header = writeCsv([], columns);
  const file = await open(path, "a+");
  const size = await completeLength(file);
  await file.truncate(size);
  if (size === 0) await file.appendFile(header);
  else {
    const start = Buffer.alloc(Buffer.byteLength(header));
    await file.read(start, 0, start.length, 0);
    if (start.toString() !== header) {
      await file.close();
      throw new FormatError("csv", `${path} has other columns than this screen`, {
        hint: "name another output",
      });
    }
  }
  return {
    path,
    rows: () => readRows(path, size),
    append: (row) => file.appendFile(writeCsv([row], columns).slice(header.length)),
    close: () => file.close(),
  };
}

/** The rows of a file, a few at a time; `size` in bytes cuts the file. */
export async function* readRows(path: string, size = Infinity): AsyncGenerator<ResultRow, void, undefined> {
  if (size === 0) return;
  const lines = createInterface({ input: createReadStream(path, { end: size - 1 }), crlfDelay: Infinity });
  let header: string | undefined;
  let batch: string[] = [];
  const parse = () => (batch.length === 0 ? [] : readCsv([header, ...batch].join("\n"), { name: path }));
  for await (const line of lines) {
    if (header === undefined) header = line;
    else if (batch.push(line) === rowsAtOnce) {
      yield* parse();
      batch = [];
    }
  }
  yield* parse();
}

/** The length in bytes up to the end of the last whole line. */
async function completeLength(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  const block = Buffer.alloc(64 * 1024);
  for (let end = size; end > 0; ) {
    const begin = Math.max(0, end - block.length);
    await file.read(block, 0, end - begin, begin);
    const last = block.subarray(0, end - begin).lastIndexOf(lineEnd);
    if (last >= 0) return begin + last + 1;
    end = begin;
  }
  return 0;
}
