// What a model takes, from the headers of its files alone,
// so that it is said before anything is loaded.

import {
  bytesPerElement,
  elementCount,
  readSafetensorsHeader,
  type SafetensorsEntry,
  safetensorsDataStart,
} from "@proteoscope/formats";
import type { FileSource } from "@proteoscope/models";

/** Bytes of a model's files, and of its tensors when they are loaded. Plain JSON. */
export interface ModelSize {
  readonly fileBytes: number;
  /** Floating-point tensors as float32, which is how networks are computed; all others as they are stored. */
  readonly tensorBytes: number;
}

/** Bytes of tensors when they are loaded. */
export function loadedBytes(entries: Iterable<Pick<SafetensorsEntry, "dtype" | "shape">>): number {
  let bytes = 0;
  for (const { dtype, shape } of entries)
    bytes += elementCount(shape) * (dtype.includes("float") ? 4 : bytesPerElement(dtype));
  return bytes;
}

/**
 * Bytes of memory that a process or a page takes for a model of such tensors while it generates: an estimate, from
 * docs/experiments/model-memory.md. The weights are there as they were read, as float32, and as the runtime holds them.
 */
export function estimateMemory(tensorBytes: number): number {
  return runtimeBytes + copies * tensorBytes;
}

const runtimeBytes = 100e6;
const copies = 4;

/** The size of the model in a folder whose files can be listed and read in parts. @throws FormatError, the system's errors. */
export async function measureModelSize({ list, sizeOf, read, readPart }: FileSource): Promise<ModelSize> {
  let [fileBytes, tensorBytes] = [0, 0];
  for (const path of (await list?.()) ?? []) {
    const length = (await sizeOf?.(path)) ?? (await read(path)).length;
    fileBytes += length;
    if (!path.endsWith(".safetensors")) continue;
    const part = async (end: number) => (await readPart?.(path, 0, end)) ?? (await read(path)).slice(0, end);
    const header = await part(safetensorsDataStart(await part(8)));
    tensorBytes += loadedBytes(readSafetensorsHeader(header, length).entries.values());
  }
  return { fileBytes, tensorBytes };
}
