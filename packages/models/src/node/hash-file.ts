// The sha256 of a file on disk, read as a stream, so that weights of any size take no memory. What a model folder and an
// evaluation record of their files.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";

/** The sha256 of a file in hexadecimal. @throws the system's errors. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
