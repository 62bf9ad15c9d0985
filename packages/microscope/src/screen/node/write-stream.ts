// A file that is written piece by piece and appears when it is whole: the tables of a
// screen are too large for memory.
import { type FileHandle, open, rename, rm } from "node:fs/promises";

/** Lets `work` write pieces; the file has its name when `work` is done. */
export async function writeStream(
  path: string,
  work: (write: (data: Uint8Array | string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const waiting = `${path}.partial`;
  const file: FileHandle = await open(waiting, "w");
  try {
    await work((data) => file.writeFile(data));
  } catch (error) {
    await file.close();
    await rm(waiting, { force: true });
    throw error;
  }
  await file.close();
  await rename(waiting, path);
}
