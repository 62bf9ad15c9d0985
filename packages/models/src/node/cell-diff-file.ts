// The file of CELL-Diff's weights on disk: the released archive is converted once to 16 bits, beside it, which halves what is
// read for every sequence and every step's network. Memory is that of one tensor.

import { open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, ProteoscopeError } from "@proteoscope/formats";
import {
  type HalfPrecisionFile,
  inHalfPrecision,
  openStoredCellDiff,
  type StoredCellDiff,
} from "../cell-diff/stored.ts";
import type { FileSource } from "../checkpoints/file-source.ts";
import { openFolder } from "./folder.ts";
import { requireDiskSpace } from "./hub/disk-space.ts";

/** How a conversion is watched and ended. */
export interface ConvertOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (bytes: number, totalBytes: number) => void;
}

/**
 * Opens a file of CELL-Diff in 16 bits: itself where it is safetensors, else the converted file, which is made where it is
 * missing, damaged, or was made from another file.
 */
export async function openCellDiffFile(
  folder: string,
  file: string,
  options: ConvertOptions = {},
): Promise<StoredCellDiff> {
  const source = openFolder(folder);
  const stored = await openStoredCellDiff(source, file);
  if (file.endsWith(".safetensors")) return stored;
  const half = `${file.replace(/\.\w+$/, "")}.f16.safetensors`;
  const { size, mtimeMs } = await stat(join(folder, file));
  const mark = `${file}, ${size} bytes, ${new Date(mtimeMs).toISOString()}`;
  const found = await findConverted(source, half);
  if (found?.source === mark) return found;
  await convert(inHalfPrecision(stored, mark), folder, half, options);
  return openStoredCellDiff(source, half);
}

/** The converted file; undefined where there is none that can be read. */
async function findConverted(source: FileSource, half: string): Promise<StoredCellDiff | undefined> {
  if (!(await source.exists(half))) return undefined;
  return openStoredCellDiff(source, half).catch((error: unknown) => {
    if (error instanceof ProteoscopeError || error instanceof FormatError) return undefined;
    throw error;
  });
}

/** Writes the file under a temporary name, and renames it when it is whole. */
async function convert(
  { length, parts }: HalfPrecisionFile,
  folder: string,
  half: string,
  { signal, onProgress }: ConvertOptions,
): Promise<void> {
  await requireDiskSpace(folder, length);
  const temporary = join(folder, `${half}.${process.pid}.partial`);
  const handle = await open(temporary, "w");
  try {
    let bytes = 0;
    for await (const part of parts()) {
      signal?.throwIfAborted();
      await handle.write(part);
      bytes += part.length;
      onProgress?.(bytes, length);
    }
    await handle.sync();
    await handle.close();
    await rename(temporary, join(folder, half));
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The file of the autoencoder that belongs to a file of the network: `vae/` beside it or beside its folder, of the same name. */
export async function findCellDiffAutoencoder(
  folder: string,
  file: string,
): Promise<{ readonly folder: string; readonly file: string } | undefined> {
  const name = file.replace(/(\.f16)?\.\w+$/, "").replace(/_all$/, "");
  for (const place of [join(folder, "..", "vae"), join(folder, "vae")])
    for (const ending of [".bin", ".pth", ".pt", ".safetensors"]) {
      const found = await stat(join(place, name + ending)).catch(() => undefined);
      if (found?.isFile()) return { folder: place, file: name + ending };
    }
  return undefined;
}
