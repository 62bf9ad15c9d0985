// Whether there is room for a download or a conversion, before it begins: a disk that fills in the midst of gigabytes leaves
// nothing but a failure.

import { statfs } from "node:fs/promises";
import { ProteoscopeError } from "@proteoscope/formats";

/** The free bytes of the disk of a folder. @throws ProteoscopeError (field `hubFolder`) where they are too few. */
export async function requireDiskSpace(folder: string, bytes: number): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  if (freeBytes > bytes) return freeBytes;
  const [needed, free] = [bytes, freeBytes].map((value) => `${(value / 1e9).toFixed(1)} GB`);
  throw new ProteoscopeError(
    `${folder}: ${needed} are needed and ${free} are free: make room, or use another disk`,
    { kind: "failure", field: "hubFolder" },
  );
}
