// Creating a folder with those above it. `mkdir` of Node with `recursive` never returns where a file system has a folder
// but makes none in it, such as /proc.

import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/**
 * Creates a folder and those above it that are missing.
 * @returns the paths of those that were created, the uppermost first.
 * @throws the system's error where one cannot be created; EEXIST or ENOTDIR where a file is in its place.
 */
export async function createFolder(path: string): Promise<string[]> {
  const missing: string[] = [];
  for (let folder = resolve(path); !(await exists(folder)); folder = dirname(folder)) missing.unshift(folder);
  const created: string[] = [];
  for (const folder of missing)
    try {
      await mkdir(folder);
      created.push(folder);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EEXIST") throw error; // another process was first
    }
  if (!(await stat(path)).isDirectory())
    throw Object.assign(new Error(`EEXIST: ${path} is no folder`), { code: "EEXIST" });
  return created;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" && dirname(path) !== path) return false;
      throw error;
    },
  );
}
