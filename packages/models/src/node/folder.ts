// Checkpoint folders on disk, for Node: what the loaders of this package read through, apart from them so that they
// run in a browser. Paths stay inside the folder, also where a file of the checkpoint says otherwise.

import { type FileHandle, open, readdir, realpath, stat } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { CheckpointError, type FileSource } from "../checkpoints/file-source.ts";

/** Parts of a file are read at once, since most of the time goes into the pages of fresh memory. */
const readers = 4;
const chunkBytes = 2 ** 24;

/** A folder on disk. @throws (at reading) CheckpointError for a path that leads out of it, the system's errors else. */
export function openFolder(path: string): FileSource {
  const root = resolve(path);
  const locate = (file: string): string => {
    const target = resolve(root, file);
    if (target === root || !target.startsWith(root.endsWith(sep) ? root : root + sep))
      throw new CheckpointError(`${path}: "${file}" leads out of the folder`);
    return target;
  };
  return {
    name: path,
    read: async (file) => readBytes(locate(file)),
    readPart: async (file, begin, end) => readBytes(locate(file), begin, end),
    sizeOf: async (file) => (await stat(locate(file))).size,
    async exists(file) {
      const found = await stat(locate(file)).catch(() => undefined);
      return found?.isFile() ?? false;
    },
    async list() {
      const entries = await readdir(root, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() || entry.isSymbolicLink())
        .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll(sep, "/"))
        .sort();
    },
  };
}

/** A file of any size, or a part of it: `readFile` stops at 2 GiB, which shards of a large model exceed. */
async function readBytes(path: string, begin = 0, end?: number): Promise<Uint8Array> {
  const file = await open(await realpath(path), "r");
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(Math.max(0, Math.min(end ?? size, size) - begin));
    let next = 0;
    const readChunks = async (): Promise<void> => {
      while (next < bytes.length) {
        const chunk = bytes.subarray(next, next + chunkBytes);
        next += chunk.length;
        if (!(await fillFrom(file, chunk, begin + chunk.byteOffset)))
          throw new CheckpointError(`${path}: became shorter while it was read`);
      }
    };
    await Promise.all(Array.from({ length: readers }, readChunks));
    return bytes;
  } finally {
    await file.close();
  }
}

/** Whether the file had all the bytes. */
async function fillFrom(file: FileHandle, bytes: Uint8Array, position: number): Promise<boolean> {
  for (let offset = 0; offset < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, offset, bytes.length - offset, position + offset);
    if (bytesRead === 0) return false;
    offset += bytesRead;
  }
  return true;
}
