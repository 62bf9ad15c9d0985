// What is made of the rows of a screen when all are there: the Parquet file, the contact sheet and the summary page. The
// rows are read one after the other, so that memory does not grow with their number.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ParquetValue, ProteoscopeError, readPng, startParquet, writePng } from "@proteoscope/formats";
import type { RgbImage } from "@proteoscope/imaging";
import { drawContactSheet } from "../contact-sheet.ts";
import type { Shard } from "../records.ts";
import { isDone, isNumberColumn, type ResultRow, resultColumns } from "../result-table.ts";
import { emptySummary, type ScreenSummary, summarize } from "../summary.ts";
import { renderSummary } from "../summary-page.ts";
import { readRows } from "./result-file.ts";
import { readDescription, resultsName, shardPath, shardsName, writeWhole } from "./screen-folder.ts";
import { writeStream } from "./write-stream.ts";

const rowsPerGroup = 5000;

/**
 * Writes results.parquet, contact-sheet.png where there are pictures, and summary.html.
 * @throws ProteoscopeError (notFound) naming a picture of the table that is gone.
 */
export async function finishScreen(path: string): Promise<ScreenSummary> {
  const { labels, images, model } = await readDescription(path);
  const columns = resultColumns(labels);
  const types = columns.map((column) => (isNumberColumn(column, labels) ? "double" : "string"));
  const summary = emptySummary(labels);
  await writeStream(join(path, "results.parquet"), async (write) => {
    const table = await startParquet(
      columns.map((name, index) => ({ name, type: types[index]! })),
      write,
    );
    let group: ParquetValue[][] = [];
    for await (const row of readRows(join(path, resultsName))) {
      summarize(summary, row);
      group.push(columns.map((column, index) => cellOf(row, column, types[index] === "double")));
      if (group.length < rowsPerGroup) continue;
      await table.write(group);
      group = [];
    }
    await table.write(group);
    await table.finish();
  });
  const pictures = new Map<string, RgbImage>();
  for (const { picture } of Object.values(summary.examples).flat())
    if (picture !== "") pictures.set(picture, await readPicture(path, picture));
  if (pictures.size > 0)
    await writeWhole(join(path, "contact-sheet.png"), encodePng(drawContactSheet(summary, pictures)));
  const encoded = new Map([...pictures].map(([name, image]) => [name, encodePng(image)]));
  await writeWhole(
    join(path, "summary.html"),
    renderSummary(summary, { model: model.name, images, pictures: encoded }),
  );
  return summary;
}

/** The summary of a complete shard. @throws the system's error where its rows are not there. */
export async function summarizeShard(path: string, shard: Shard): Promise<ScreenSummary> {
  const summary = emptySummary((await readDescription(path)).labels);
  for await (const row of readRows(shardPath(path, shard))) summarize(summary, row);
  return summary;
}

function cellOf(row: ResultRow, column: string, isNumber: boolean): ParquetValue {
  const text = row[column] ?? "";
  if (text === "" && (isNumber || !isDone(row))) return null;
  return isNumber ? Number(text) : text;
}

async function readPicture(path: string, picture: string): Promise<RgbImage> {
  const file = join(path, picture);
  const png = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    throw new ProteoscopeError(
      `${file} is gone, which ${resultsName} names: remove ${resultsName} and ${shardsName}, and screen again to draw all pictures anew`,
      { kind: "notFound", field: "output" },
    );
  });
  const { width, height, data } = readPng(png);
  return { width, height, data: data as Uint8Array };
}

function encodePng({ width, height, data }: RgbImage): Uint8Array {
  return writePng({ width, height, channels: 3, depth: 8, data });
}
