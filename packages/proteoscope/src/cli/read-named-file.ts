// Reads a file that the user named, so that what goes wrong names it too: of a folder that is read as a file
// Node tells no path.
import { readFile } from "node:fs/promises";

/** @throws the system's errors, with the path as it was given. */
export async function readNamedFile(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw Object.assign(error as NodeJS.ErrnoException, { path });
  }
}
