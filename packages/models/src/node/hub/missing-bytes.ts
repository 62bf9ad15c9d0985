// What of a pull is still to come: files without the bytes that an interrupted download left. What is said before a pull, and
// what the disk must have room for.

import { partialBytes } from "./partial-file.ts";

/** A file that is not whole on this machine. */
interface MissingFile {
  /** Its path on disk, as `downloadFile` takes it. */
  readonly target: string;
  /** Its whole length. */
  readonly bytes: number;
}

/** The number of bytes that are still to come; what is longer than its file begins anew. */
export async function missingBytes(files: readonly MissingFile[]): Promise<number> {
  let sum = 0;
  for (const { target, bytes } of files) {
    const here = await partialBytes(target);
    sum += here > bytes ? bytes : bytes - here;
  }
  return sum;
}
