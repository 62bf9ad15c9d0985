// What needs a file system: a folder as a store of Zarr, the lock of a folder, files that are whole or absent. Nothing else
// of this package touches Node, so that all else runs in browsers.

import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { FormatError } from "./errors.ts";
import { type ByteStore, checkStoreKey, resolveRange } from "./zarr/byte-store.ts";

export { createFolder } from "./node/create-folder.ts";
export { type Lock, type LockOptions, lockFolder } from "./node/lock.ts";
export { finishReplacing, removePartialFiles, replaceFolder, writeWhole } from "./node/write-whole.ts";

const maxFileBytes = 512 * 2 ** 20;

/**
 * The files of a folder. A key leads to a regular file inside the folder, links followed, or to nothing; one that
 * leads out of it, or to what is no file, is refused with FormatError, and so is a file of more than 512 MiB unless a
 * part of it is asked for.
 */
export function folderStore(folder: string): ByteStore {
  return {
    get: async (key, range) => {
      const refuse = (fault: string) => new FormatError("zarr", `${key} ${fault}`);
      const root = await realpath(folder).catch(ignoreAbsent);
      const path = await realpath(join(folder, ...checkStoreKey(key).split("/"))).catch(ignoreAbsent);
      if (root === undefined || path === undefined) return undefined;
      if (!path.startsWith(root + sep)) throw refuse("lies outside the folder");
      const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(ignoreAbsent);
      if (file === undefined) return undefined;
      try {
        const status = await file.stat();
        if (!status.isFile()) throw refuse("is no file");
        const { start, end } = resolveRange(range, status.size);
        if (end - start > maxFileBytes) throw refuse(`has ${end - start} bytes, above ${maxFileBytes}`);
        const bytes = new Uint8Array(end - start);
        const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
        return bytes.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
  };
}

function ignoreAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
  throw new FormatError("zarr", `a file cannot be read (${error.code})`, {
    hint: "check its permissions",
    cause: error,
  });
}
