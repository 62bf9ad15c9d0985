// The sha256 of a file on disk, read as a stream, so that weights of any size take no memory. What a model folder and an
// evaluation record of their files.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** How the reading of a large file is watched and ended. */
export interface HashOptions {
  readonly signal?: AbortSignal;
  /** Called with the number of bytes that were read. */
  readonly onProgress?: (bytes: number) => void;
}

/** The sha256 of a file in hexadecimal. @throws the system's errors, and the signal's reason. */
export async function hashFile(path: string, { signal, onProgress }: HashOptions = {}): Promise<string> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const part of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    signal?.throwIfAborted();
    hash.update(part);
    bytes += part.length;
    onProgress?.(bytes);
  }
  return hash.digest("hex");
}
