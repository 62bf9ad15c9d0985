// Writes a simulated proteome as an atlas folder, crop by crop, so that memory does not grow with it. What is not finished
// has the ending .partial; a process that is killed leaves whole crops, and the next one goes on behind them to the same
// bytes. The tables come last: a folder with crops.csv is finished.

import { type FileHandle, mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { FormatError, writeCsv, writeNpyHeader } from "@proteoscope/formats";
import { lockFolder, writeWhole } from "@proteoscope/formats/node";
import {
  cropTruthHeader,
  proteinTruthTable,
  proteomeCropTable,
  proteomeProteinTable,
  type SimulatedProteome,
  signalTruthTable,
} from "./simulated-proteome.ts";

/** How a proteome is written. */
export interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after each crop. */
  readonly onCrop?: ((done: number, total: number) => void) | undefined;
  /** Lines of manifest.json in addition to those of the proteome. */
  readonly manifest: Readonly<Record<string, unknown>>;
}

const manifestName = "manifest.json";
const files = { pixels: "crops_u8.npy", cells: "cells_u8.npy", truth: "crops_truth.csv" } as const;

/**
 * Writes the folder, or goes on with one that was not finished.
 * @throws FormatError where the folder holds another data set, the signal's reason when it is aborted.
 */
export async function writeProteome(
  path: string,
  proteome: SimulatedProteome,
  { signal, onCrop, manifest }: WriteOptions,
): Promise<void> {
  await mkdir(path, { recursive: true });
  const lock = await lockFolder(path);
  try {
    const text = describe(proteome, manifest);
    if (await isFinished(path, text)) return;
    const streams = await openStreams(path, proteome);
    try {
      for (let index = streams.done; index < proteome.cropCount; index++) {
        await streams.append(index);
        onCrop?.(index + 1, proteome.cropCount);
        await setImmediate(); // lets an interrupt in
        signal?.throwIfAborted();
      }
    } finally {
      await streams.close();
    }
    for (const name of Object.values(files)) await rename(join(path, `${name}.partial`), join(path, name));
    for (const [name, content] of tablesOf(proteome)) await writeWhole(join(path, name), content);
  } finally {
    await lock.release();
  }
}

function tablesOf(proteome: SimulatedProteome): readonly (readonly [string, string])[] {
  return [
    ["localisation.csv", writeCsv([], localisationColumns)],
    ["proteins_truth.csv", proteinTruthTable(proteome)],
    ["signals_truth.csv", signalTruthTable(proteome)],
    ["proteins.csv", proteomeProteinTable(proteome)],
    ["crops.csv", proteomeCropTable(proteome)],
  ];
}

const localisationColumns = [
  ...["accession", "source", "gene", "ensg", "sequence", "compartments", "partition", "human"],
  ...["same_opencell_id", "leak_of"],
];

function describe(
  { proteins, crops, sequences, seed, side }: SimulatedProteome,
  manifest: WriteOptions["manifest"],
): string {
  const settings = { proteins, crops, sequences, seed, side };
  return `${JSON.stringify({ ...manifest, ...settings, synthetic: true }, null, 2)}\n`;
}

/** Whether the same proteome is there whole; its manifest is written if there is none. */
async function isFinished(path: string, manifest: string): Promise<boolean> {
  const there = await readText(join(path, manifestName));
  const isWhole = (await readText(join(path, "crops.csv"))) !== undefined;
  if (there === undefined && !isWhole) await writeWhole(join(path, manifestName), manifest);
  else if (there !== manifest)
    throw new FormatError("simulated proteome", `${path} holds another data set`, {
      hint: "name another folder, or give the options that it was begun with",
    });
  return isWhole;
}

async function readText(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) =>
    error.code === "ENOENT" ? undefined : Promise.reject(error),
  );
}

/** The three growing files, cut to the crops that all of them have. */
async function openStreams(path: string, proteome: SimulatedProteome) {
  // A process that was killed between the last crop and the tables has left whole files.
  for (const name of Object.values(files))
    await rename(join(path, name), join(path, `${name}.partial`)).catch(() => {});
  const { side, cropCount } = proteome;
  const plane = side * side;
  const pixelHeader = writeNpyHeader("uint8", [cropCount, side, side, 3]);
  const cellHeader = writeNpyHeader("uint8", [cropCount, side, side]);
  const pixels = await openPartial(path, files.pixels);
  const cells = await openPartial(path, files.cells);
  const truth = await openPartial(path, files.truth);
  const text = (await readFile(join(path, `${files.truth}.partial`), "utf8")).match(/.*\n/g) ?? [];
  const wholeIn = async (file: FileHandle, header: Uint8Array, bytes: number) =>
    Math.floor(((await file.stat()).size - header.length) / bytes);
  const done = Math.max(
    0,
    Math.min(
      await wholeIn(pixels, pixelHeader, 3 * plane),
      await wholeIn(cells, cellHeader, plane),
      text.length - 1,
    ),
  );
  const cut = async (file: FileHandle, header: Uint8Array, bytes: number) => {
    await file.truncate(done === 0 ? 0 : header.length + done * bytes);
    if (done === 0) await file.appendFile(header);
  };
  await cut(pixels, pixelHeader, 3 * plane);
  await cut(cells, cellHeader, plane);
  const kept = done === 0 ? `${cropTruthHeader}\n` : text.slice(0, done + 1).join("");
  await truth.truncate(0);
  await truth.appendFile(kept);
  return {
    done,
    async append(index: number) {
      const crop = proteome.crop(index);
      await pixels.appendFile(crop.bytes);
      await cells.appendFile(crop.cells);
      await truth.appendFile(`${crop.truth}\n`);
    },
    async close() {
      for (const file of [pixels, cells, truth]) await file.close();
    },
  };
}

const openPartial = (path: string, name: string): Promise<FileHandle> =>
  open(join(path, `${name}.partial`), "a");
