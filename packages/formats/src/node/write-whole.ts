// Files that are whole or absent: the content goes to a temporary name, to the disk, and only then to its own name. What a
// killed process leaves under temporary names is removed by the next one that holds the folder.

import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createFolder } from "./create-folder.ts";

const partial = ".partial";
const partialName = /\.\d+\.partial$/;
const replaced = ".replaced";

/** Writes a file, with its folders, so that it is never seen half written. */
export async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  await createFolder(dirname(path));
  const temporary = `${path}.${process.pid}${partial}`;
  await writeSynced(temporary, content);
  await rename(temporary, path);
}

/**
 * Replaces a folder by one with these files, whose names may have folders themselves. A process that is killed meanwhile
 * leaves the earlier folder or this one, never a mixture; where it left neither in place, `finishReplacing` does.
 */
export async function replaceFolder(
  path: string,
  files: ReadonlyMap<string, Uint8Array | string>,
): Promise<void> {
  await finishReplacing(path);
  for (const [name, content] of files) {
    const file = join(`${path}${partial}`, name);
    await mkdir(dirname(file), { recursive: true });
    await writeSynced(file, content);
  }
  await rename(path, `${path}${replaced}`).catch(ignoreAbsent);
  await rename(`${path}${partial}`, path);
  await finishReplacing(path);
}

/** Ends what a killed `replaceFolder` began: the earlier folder is put back, or removed where the new one is in place. */
export async function finishReplacing(path: string): Promise<void> {
  await rm(`${path}${partial}`, { recursive: true, force: true });
  const isInPlace = await stat(path).then(() => true, ignoreAbsent);
  if (isInPlace) await rm(`${path}${replaced}`, { recursive: true, force: true });
  else await rename(`${path}${replaced}`, path).catch(ignoreAbsent);
}

/** Removes what killed calls of `writeWhole` have left in a folder; no other process may write there meanwhile. */
export async function removePartialFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (partialName.test(name)) await rm(join(folder, name));
}

async function writeSynced(path: string, content: Uint8Array | string): Promise<void> {
  const file = await open(path, "w");
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

function ignoreAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
