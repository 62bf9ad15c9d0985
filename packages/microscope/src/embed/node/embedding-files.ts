// Finished embeddings as a file: npy with its index and settings beside it, a Zarr group, or Parquet. They are cut from the
// stage piece by piece, so that memory does not grow with their number.

import { copyFile, mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  FormatError,
  float16ToFloat32,
  type ParquetValue,
  startParquet,
  writeNpyHeader,
} from "@proteoscope/formats";
import { readRows } from "../../screen/node/result-file.ts";
import { writeWhole } from "../../screen/node/screen-folder.ts";
import { writeStream } from "../../screen/node/write-stream.ts";
import { type EmbeddingStage, removeStage } from "./embedding-stage.ts";

/** Ends of names of files, by format. */
export const embeddingFormats = [".zarr", ".npy", ".parquet"] as const;

const writers: Readonly<
  Record<(typeof embeddingFormats)[number], (stage: EmbeddingStage, path: string) => Promise<void>>
> = {
  ".zarr": writeZarr,
  ".npy": writeNpyFiles,
  ".parquet": writeParquet,
};

/** Rows of a chunk of Zarr and of a group of Parquet. */
const rowsPerPiece = 1024;

/** Makes the file that the path's end names, and removes the stage. @throws FormatError for another end. */
export async function finishEmbeddings(stage: EmbeddingStage, path: string): Promise<void> {
  await writers[embeddingFormat(path)](stage, path);
  await stage.close();
  await removeStage(stage.path);
}

/** The end of a path that names its format. @throws FormatError for another. */
export function embeddingFormat(path: string): (typeof embeddingFormats)[number] {
  const found = embeddingFormats.find((ending) => path.endsWith(ending));
  if (found !== undefined) return found;
  throw new FormatError("embeddings", `${path} names no format`, {
    hint: `end it in ${embeddingFormats.join(", ")}`,
  });
}

/** X.npy [rows, hidden], X.index.csv and X.json. */
async function writeNpyFiles(stage: EmbeddingStage, path: string): Promise<void> {
  const { settings, counts } = stage;
  const base = path.slice(0, -".npy".length);
  await copyFile(join(stage.path, "index.csv"), `${base}.index.csv`);
  await writeWhole(`${base}.json`, jsonOf(settings));
  await writeStream(path, async (write) => {
    await write(writeNpyHeader(settings.dtype, [counts.rows, settings.hiddenSize]));
    for await (const piece of pieces(stage)) await write(piece);
  });
}

/** A Zarr v3 group (https://zarr-specs.readthedocs.io/en/latest/v3/core/) of one array, `embeddings`, with index.csv. */
async function writeZarr(stage: EmbeddingStage, path: string): Promise<void> {
  const { settings, counts } = stage;
  const waiting = join(stage.path, "zarr");
  await rm(waiting, { recursive: true, force: true });
  await mkdir(join(waiting, "embeddings/c"), { recursive: true });
  const group = { zarr_format: 3, node_type: "group", attributes: { proteoscope: settings } };
  await writeFile(join(waiting, "zarr.json"), jsonOf(group));
  await copyFile(join(stage.path, "index.csv"), join(waiting, "index.csv"));
  const array = {
    zarr_format: 3,
    node_type: "array",
    shape: [counts.rows, settings.hiddenSize],
    data_type: settings.dtype,
    chunk_grid: { name: "regular", configuration: { chunk_shape: [rowsPerPiece, settings.hiddenSize] } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: 0,
    codecs: [{ name: "bytes", configuration: { endian: "little" } }],
    dimension_names: ["row", "feature"],
    attributes: {},
  };
  await writeFile(join(waiting, "embeddings/zarr.json"), jsonOf(array));
  let chunk = 0;
  for await (const piece of pieces(stage)) {
    const whole = new Uint8Array(rowsPerPiece * bytesPerRow(stage)); // the last one is filled up
    whole.set(piece);
    await mkdir(join(waiting, `embeddings/c/${chunk}`));
    await writeFile(join(waiting, `embeddings/c/${chunk}/0`), whole);
    chunk++;
  }
  await rm(path, { recursive: true, force: true });
  await rename(waiting, path);
}

/** One line per row: id, number of the residue from 1 where rows are residues, and the embedding. */
async function writeParquet(stage: EmbeddingStage, path: string): Promise<void> {
  const { settings } = stage;
  const isPerResidue = settings.pooling === "residues";
  const columns = [
    { name: "id", type: "string" } as const,
    ...(isPerResidue ? [{ name: "residue", type: "int32" } as const] : []),
    { name: "embedding", type: "floats" } as const,
  ];
  await writeStream(path, async (write) => {
    const table = await startParquet(columns, write, { proteoscope: JSON.stringify(settings) });
    const names = rowNames(stage);
    for await (const piece of pieces(stage)) {
      const values = floatsOf(piece, settings.dtype);
      const rows: ParquetValue[][] = [];
      for (let at = 0; at < values.length; at += settings.hiddenSize) {
        const { id, residue } = (await names.next()).value!;
        const embedding = values.subarray(at, at + settings.hiddenSize);
        rows.push(isPerResidue ? [id, residue, embedding] : [id, embedding]);
      }
      await table.write(rows);
    }
    await table.finish();
  });
}

/** The protein and the residue of each row. */
async function* rowNames(
  stage: EmbeddingStage,
): AsyncGenerator<{ readonly id: string; readonly residue: number }, undefined> {
  for await (const { id, rows } of readRows(join(stage.path, "index.csv")))
    for (let residue = 1; residue <= Number(rows); residue++) yield { id: id!, residue };
  return undefined;
}

/** The bytes of the rows, `rowsPerPiece` rows at a time. */
async function* pieces(stage: EmbeddingStage): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await open(join(stage.path, "rows.bin"));
  try {
    const total = stage.counts.rows * bytesPerRow(stage);
    for (let begin = 0; begin < total; ) {
      const piece = new Uint8Array(Math.min(rowsPerPiece * bytesPerRow(stage), total - begin));
      await file.read(piece, 0, piece.length, begin);
      yield piece;
      begin += piece.length;
    }
  } finally {
    await file.close();
  }
}

function bytesPerRow({ settings }: EmbeddingStage): number {
  return settings.hiddenSize * (settings.dtype === "float16" ? 2 : 4);
}

function floatsOf(bytes: Uint8Array, dtype: "float32" | "float16"): Float32Array {
  return dtype === "float32"
    ? new Float32Array(bytes.buffer)
    : float16ToFloat32(new Uint16Array(bytes.buffer));
}

function jsonOf(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
