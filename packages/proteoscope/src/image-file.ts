// The image that a path names, with a digest of the bytes that were read of it, for the provenance: a file, or a folder
// of OME-Zarr, of which only those files are read that a plane needs.

import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { type ByteRange, type ByteStore, type ImageStack, openImage } from "@proteoscope/formats";
import { folderStore } from "@proteoscope/formats/node";
import { readInput } from "./cli/read-input.ts";

export interface ImageFile {
  readonly stack: ImageStack;
  /** SHA-256 in hexadecimal: of the file, or of a folder what `sha256sum` says of the files read so far, by name. */
  sha256(): string;
}

/** How an image file is opened. */
export interface OpenImageFileOptions {
  /** Stops the reading of a pipe. */
  readonly signal?: AbortSignal | undefined;
  /** Which image of a file of several, from 0. Default 0. */
  readonly series?: number | undefined;
}

/** Opens an image. @throws FormatError that names the path, the system's errors. */
export async function openImageFile(
  path: string,
  { signal = new AbortController().signal, series }: OpenImageFileOptions = {},
): Promise<ImageFile> {
  const options = { name: path, series };
  if ((await stat(path)).isDirectory()) {
    const { store, sha256 } = digestStore(folderStore(path));
    return { stack: await openImage(store, options), sha256 };
  }
  const bytes = await readInput(path, signal);
  const digest = sha256Of(bytes);
  return { stack: await openImage(bytes, options), sha256: () => digest };
}

/**
 * A store that records what is read. Its digest is that of lines like those of `sha256sum`, sorted by name, such as
 * `e3b0... 0/zarr.json`; a part of a file is named with its range, as `0/c/0@16+512`.
 */
export function digestStore(store: ByteStore): { readonly store: ByteStore; sha256(): string } {
  const digests = new Map<string, string>();
  const get = async (key: string, range?: ByteRange): Promise<Uint8Array | undefined> => {
    const bytes = await store.get(key, range);
    if (bytes !== undefined) digests.set(`${key}${describeRange(range)}`, sha256Of(bytes));
    return bytes;
  };
  const sha256 = () => {
    const names = [...digests.keys()].sort();
    return sha256Of(names.map((name) => `${digests.get(name)}  ${name}\n`).join(""));
  };
  return { store: { get }, sha256 };
}

function describeRange(range: ByteRange | undefined): string {
  if (range === undefined) return "";
  return "suffixLength" in range ? `@-${range.suffixLength}` : `@${range.offset}+${range.length}`;
}

function sha256Of(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}
