// A Zarr hierarchy in a zip archive, as pages upload a folder and as OME-Zarr is packed in one file (RFC-9,
// https://ngff.openmicroscopy.org/rfc/9). The archive may hold the folder itself or what is in it.

import { readZipEntries, unpackZipEntry } from "../archive/zip.ts";
import { FormatError } from "../errors.ts";
import { type ByteStore, resolveRange } from "./byte-store.ts";

const format = "zip";
const largestEntry = 256 * 2 ** 20;
const rootFile = /^(?:(.*)\/)?(?:zarr\.json|\.zgroup|\.zattrs)$/;

/** The files of the uppermost Zarr group of an archive; undefined where it holds none. Throws FormatError. */
export function zipStore(bytes: Uint8Array): ByteStore | undefined {
  const entries = readZipEntries(bytes, format);
  const roots = [...entries.keys()].flatMap((name) => {
    const found = rootFile.exec(name);
    return found === null ? [] : [found[1] ?? ""];
  });
  if (roots.length === 0) return undefined;
  const root = roots.reduce((a, b) => (b.length < a.length ? b : a));
  return {
    get: async (key, range) => {
      const entry = entries.get(root === "" ? key : `${root}/${key}`);
      if (entry === undefined) return undefined;
      if (entry.size > largestEntry)
        throw new FormatError(format, `${key} has ${entry.size} bytes, above ${largestEntry}`);
      const unpacked = unpackZipEntry(entry, format);
      const { start, end } = resolveRange(range, unpacked.length);
      return unpacked.subarray(start, end);
    },
  };
}
