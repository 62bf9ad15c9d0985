// Writing results so that nobody ever finds half of one: bytes go to a temporary name in the same folder and are
// renamed when they are complete (rename is atomic within a file system, POSIX `rename`). A whole set of files is
// staged and appears together; after a failure or an interrupt nothing that was created here is left.
import { rmdirSync, rmSync } from "node:fs";
import { mkdir, rename, stat, writeFile } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, normalize, resolve, sep } from "node:path";
import { CommandError, exitCodes } from "./errors.ts";

/** Writes one file, or leaves what was there before. */
export async function writeFileAtomic(path: string, data: Uint8Array | string): Promise<void> {
  await withOutputFolder(dirname(path), (folder) => folder.write(basename(path), data));
}

export interface OutputFolder {
  /** The folder's path as the user gave it. */
  readonly path: string;
  /** Stages one file, whole or in pieces, under a name relative to the folder; it appears when all are written. */
  write(name: string, data: Uint8Array | string | readonly Uint8Array[]): Promise<void>;
}

/**
 * Creates the folder if need be, lets `work` write into it, and shows all files at once when `work` is done.
 * If `work` fails, or the process ends, files and folders created here are removed and older files are untouched.
 * @throws CommandError (failure) if the folder cannot be created or written.
 */
export async function withOutputFolder<T>(
  path: string,
  work: (folder: OutputFolder) => Promise<T>,
  options: { signal?: AbortSignal } = {},
): Promise<T> {
  const staged = new Map<string, string>();
  const createdFolders: string[] = [];
  const removeAll = (): void => {
    for (const temporary of staged.values()) rmSync(temporary, { force: true });
    for (const folder of createdFolders.reverse()) removeIfEmpty(folder);
  };
  process.once("exit", removeAll);
  try {
    await createFolders(path, createdFolders);
    const result = await work({
      path,
      async write(name, data) {
        options.signal?.throwIfAborted();
        const target = inside(path, name);
        await createFolders(dirname(target), createdFolders);
        const temporary = `${target}.${process.pid}.partial`;
        staged.set(target, temporary);
        await writeFile(temporary, data).catch((error: unknown) => refuse(target, error));
      },
    });
    options.signal?.throwIfAborted();
    for (const [target, temporary] of staged) {
      await rename(temporary, target).catch((error: unknown) => refuse(target, error));
      staged.delete(target);
    }
    return result;
  } catch (error) {
    removeAll();
    throw error;
  } finally {
    process.off("exit", removeAll);
  }
}

function inside(folder: string, name: string): string {
  const normal = normalize(name);
  if (
    isAbsolute(normal) ||
    normal === ".." ||
    normal.startsWith(`..${sep}`) ||
    normal.endsWith(sep) ||
    normal === "."
  ) {
    throw new RangeError(`"${name}" is not the name of a file inside the output folder`);
  }
  return join(folder, normal);
}

async function createFolders(path: string, created: string[]): Promise<void> {
  const first = await mkdir(path, { recursive: true }).catch((error: unknown) => refuse(path, error));
  if (first === undefined) {
    if (!(await stat(path)).isDirectory()) refuse(path, Object.assign(new Error(), { code: "EEXIST" }));
    return;
  }
  // mkdir tells the first folder it made; the ones below it are ours too.
  const chain: string[] = [];
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    chain.push(folder);
    if (folder === resolve(first)) break;
  }
  created.push(...chain.reverse());
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Somebody else put something there: it stays.
  }
}

function refuse(path: string, cause: unknown): never {
  const { code = "" } = cause as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    EACCES: "permission denied",
    EPERM: "permission denied",
    EROFS: "the file system is read-only",
    ENOSPC: "the disk is full",
    EEXIST: "there is a file of that name, a folder is needed",
    ENOENT: "there is no such place",
    ENOTDIR: "a part of the path is a file, not a folder",
    EISDIR: "there is a folder of that name",
    ENAMETOOLONG: "the name is too long",
  };
  const reason = reasons[code] ?? String((cause as Error).message ?? cause);
  throw new CommandError(`cannot write ${path}: ${reason}`, exitCodes.failure, { cause });
}
