// A file of results that only grows, one line per record: results.csv, or that of a shard. A line is written at once, and a
// part of one, which a killed process may leave at the end, is cut off by the next that opens the file.

import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { FormatError, readCsv, writeCsv } from "@proteoscope/formats";
import type { ResultRow } from "../result-table.ts";

/** A file that is open for more rows. */
export interface ResultFile {
  /** Number of rows that were there. */
  readonly count: number;
  /** These rows. */
  rows(): AsyncGenerator<ResultRow, void, undefined>;
  append(row: ResultRow): Promise<void>;
  /** Length of the file in bytes. */
  size(): Promise<number>;
  close(): Promise<void>;
}

const lineEnd = 10;
const rowsAtOnce = 200;

/** Opens or begins a file. @throws FormatError for one with other columns. */
export async function openResultFile(path: string, columns: readonly string[]): Promise<ResultFile> {
  const header = writeCsv([], columns);
  const file = await open(path, "a+");
  const { size, lines } = await measureLines(file);
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
    count: Math.max(0, lines - 1),
    rows: () => readRows(path, size),
    append: (row) => file.appendFile(writeCsv([row], columns).slice(header.length)),
    size: async () => (await file.stat()).size,
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

/** The length in bytes up to the end of the last whole line, and the number of lines. */
async function measureLines(file: FileHandle): Promise<{ readonly size: number; readonly lines: number }> {
  const block = Buffer.alloc(64 * 1024);
  let [size, lines] = [0, 0];
  for (let begin = 0; ; ) {
    const { bytesRead } = await file.read(block, 0, block.length, begin);
    if (bytesRead === 0) return { size, lines };
    const bytes = block.subarray(0, bytesRead);
    for (let at = bytes.indexOf(lineEnd); at >= 0; at = bytes.indexOf(lineEnd, at + 1)) {
      lines++;
      size = begin + at + 1;
    }
    begin += bytesRead;
  }
}
