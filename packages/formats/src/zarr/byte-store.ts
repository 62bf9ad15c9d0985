// Where a Zarr hierarchy's files come from: a folder, a map in memory, a server. One function, so that Node and
// browsers each bring their own; keys are checked here, so that no metadata can lead outside (Zarr v3, "Stores").

import { FormatError } from "../errors.ts";

/** A part of a file: `length` bytes from `offset`, or the last `suffixLength` bytes. */
export type ByteRange = { offset: number; length: number } | { suffixLength: number };

/** A source of bytes by key, such as a folder, a map or a web server; a key that is missing gives undefined. */
export interface ByteStore {
  /** The bytes of a file, or a part of it, by its path from the root, such as "0/zarr.json"; undefined: none there. */
  get(key: string, range?: ByteRange): Promise<Uint8Array | undefined>;
}

/** The first byte and the end of a range in a file of `size` bytes, within the file. */
export function resolveRange(range: ByteRange | undefined, size: number): { start: number; end: number } {
  if (range === undefined) return { start: 0, end: size };
  if ("suffixLength" in range) return { start: Math.max(0, size - range.suffixLength), end: size };
  const start = Math.min(range.offset, size);
  return { start, end: Math.min(start + range.length, size) };
}

/** Files in memory as a store, such as those that writeOmeZarr gives. */
export function mapStore(files: ReadonlyMap<string, Uint8Array>): ByteStore {
  return {
    get: async (key, range) => {
      const bytes = files.get(key);
      if (bytes === undefined) return undefined;
      const { start, end } = resolveRange(range, bytes.length);
      return bytes.subarray(start, end);
    },
  };
}

/** A path of plain names between slashes. Throws FormatError for one that leads elsewhere or that a URL would change. */
export function checkStoreKey(key: unknown): string {
  const names = typeof key === "string" ? key.split("/") : [];
  const plain = names.every((name) => /^[^\\%?#:\s\p{Cc}]+$/u.test(name) && name !== "." && name !== "..");
  if (names.length > 0 && plain) return key as string;
  throw new FormatError("zarr", `the path ${String(JSON.stringify(key)).slice(0, 80)} is not read`, {
    hint: "name its folders by letters, digits, dashes and dots",
  });
}
