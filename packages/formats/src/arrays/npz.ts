// NumPy's .npz: a zip archive of .npy files, as np.savez and np.savez_compressed write it
// (https://numpy.org/doc/stable/reference/generated/numpy.savez.html). What it unpacks to is bounded.

import { type Zippable, zipSync } from "fflate";
import { readZipEntries, unpackZipEntry } from "../archive/zip.ts";
import { FormatError } from "../errors.ts";
import type { NdArray } from "../nd-array.ts";
import { printable } from "../printable.ts";
import { readNpy, writeNpy } from "./npy.ts";

/** Bounds of reading an archive of NumPy arrays. */
export interface ReadNpzOptions {
  /** All arrays together may unpack to so many bytes; default 1 GiB. */
  maxBytes?: number;
}

const format = "npz";

/** Reads all arrays by name, without ".npy". Throws FormatError, also when they would exceed `maxBytes`. */
export function readNpz(bytes: Uint8Array, options: ReadNpzOptions = {}): Map<string, NdArray> {
  const { maxBytes = 2 ** 30 } = options;
  const entries = [...readZipEntries(bytes, format).values()];
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  if (total > maxBytes) {
    const hint = "split the archive, or save the arrays as separate .npy files";
    throw new FormatError(format, `the arrays unpack to ${total} bytes, above ${maxBytes}`, { hint });
  }
  const arrays = new Map<string, NdArray>();
  for (const entry of entries) {
    if (!entry.name.endsWith(".npy")) {
      throw new FormatError(format, `entry "${printable(entry.name)}" is not a .npy file`);
    }
    arrays.set(entry.name.slice(0, -".npy".length), readNpy(unpackZipEntry(entry, format)));
  }
  return arrays;
}

/** Writes arrays by name, deflated unless `compress` is false; equal input gives equal bytes. */
export function writeNpz(
  arrays: Iterable<readonly [string, NdArray]>,
  options: { compress?: boolean } = {},
): Uint8Array {
  const { compress = true } = options;
  const files: Zippable = {};
  // The earliest time that zip can hold.
  for (const [name, array] of arrays)
    files[`${name}.npy`] = [writeNpy(array), { mtime: new Date(1980, 0, 1) }];
  return zipSync(files, { level: compress ? 6 : 0 });
}
