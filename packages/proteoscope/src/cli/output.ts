// Writing results so that nobody finds half of a run's: files wait in a folder of their own (staging.ts) until all are
// written, then all appear or, after a failure, an interrupt or a kill, none. Older files are replaced, never changed.
import { fstat as fstatOf, rmdirSync } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, normalize, sep } from "node:path";
import { promisify } from "node:util";
import { createFolder } from "@proteoscope/formats/node";
import { CommandError, exitCodes, systemReason } from "./errors.ts";
import { finishLeftovers, openStaging, type Staging } from "./staging.ts";
import { writePipe } from "./write-pipe.ts";

/** Paths of files that a command reads, and standard input where it reads that. */
export type Inputs = readonly (string | { readonly fd?: number })[];

export interface OutputOptions {
  readonly signal?: AbortSignal;
  /** What must not be overwritten, because it is read. */
  readonly inputs?: Inputs;
}

export interface OutputFolder {
  /** The folder's path as the user gave it. */
  readonly path: string;
  /** Stages one file, whole or in pieces, under a name relative to the folder; it appears when all are written. */
  write(name: string, data: Uint8Array | string | readonly Uint8Array[]): Promise<void>;
  /** Shows what is written so far, which stays whatever comes; later files appear with the next call or at the end. */
  publish(): Promise<void>;
}

/** Writes one file, or leaves what was there before; what is no file, such as a pipe or `/dev/stdout`, is written to. */
export async function writeFileAtomic(
  path: string,
  data: Uint8Array | string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there !== undefined && !there.isFile() && !there.isDirectory())
    return writePipe(path, data, signal).catch((error: unknown) => refuse(path, error));
  const file = there?.isFile() ? await realpath(path) : path; // a link stays a link
  return withOutputFolder(dirname(file), (folder) => folder.write(basename(file), data));
}

/**
 * Creates the folder if need be, lets `work` write into it, and shows all files at once when `work` is done.
 * If `work` fails, or the process ends, files and folders created here are removed and older files are untouched.
 * @throws CommandError (failure) if the folder cannot be created or written, (usage) if a file of it is an input.
 */
export async function withOutputFolder<T>(
  path: string,
  work: (folder: OutputFolder) => Promise<T>,
  { signal, inputs = [] }: OutputOptions = {},
): Promise<T> {
  await refuseInputs(path, inputs);
  const createdFolders: string[] = [];
  let staging: Staging | undefined;
  const removeAll = (): void => {
    staging?.discard();
    for (const folder of createdFolders.reverse()) removeIfEmpty(folder);
  };
  process.once("exit", removeAll);
  try {
    createdFolders.push(...(await createFolder(path).catch((error: unknown) => refuse(path, error))));
    let opened = await openIn(path);
    staging = opened;
    const commit = () => opened.commit().catch((error: unknown) => refuse(path, error));
    const names = new Set<string>();
    const result = await work({
      path,
      async publish() {
        await commit();
        opened = await openStaging(path).catch((error: unknown) => refuse(path, error));
        staging = opened;
      },
      async write(name, data) {
        signal?.throwIfAborted();
        const inside = nameInside(name);
        const target = join(path, inside);
        if (names.size === names.add(inside.toLowerCase()).size)
          throw new CommandError(`cannot write ${target}: two results have this name`, exitCodes.failure);
        await refuseInputs(target, inputs);
        await checkTarget(target);
        await opened.write(inside, data).catch((error: unknown) => refuse(target, error));
      },
    });
    signal?.throwIfAborted();
    await commit();
    return result;
  } catch (error) {
    removeAll();
    throw error;
  } finally {
    process.off("exit", removeAll);
  }
}

/** Writes files by their names into a folder; all appear together. @throws as `withOutputFolder` does. */
export async function writeFiles(
  path: string,
  files: ReadonlyMap<string, Uint8Array | string>,
  options: OutputOptions = {},
): Promise<void> {
  await withOutputFolder(
    path,
    async (folder) => {
      for (const [name, data] of files) await folder.write(name, data);
    },
    options,
  );
}

/**
 * Checks the place of an output file before the work that makes it.
 * @throws CommandError (usage) where it is one of the inputs, (failure) where a folder has its name.
 */
export async function checkOutputFile(path: string, inputs: Inputs): Promise<void> {
  await refuseInputs(path, inputs);
  await checkTarget(path);
}

/**
 * Checks the place of an output folder before the work that fills it.
 * @throws CommandError (usage) where it is one of the inputs, (failure) where a file has its name.
 */
export async function checkOutputFolder(path: string, inputs: Inputs): Promise<void> {
  await refuseInputs(path, inputs);
  const there = await stat(path).catch(() => undefined);
  if (there !== undefined && !there.isDirectory()) refuse(path, { code: "EEXIST" });
}

/** @throws CommandError (usage) where the output is one of the inputs, by whatever path, which it would replace. */
export async function refuseInputs(output: string, inputs: Inputs): Promise<void> {
  const there = await identityOf(output);
  if (there === undefined) return;
  for (const input of inputs) {
    if ((await identityOf(input)) === there)
      throw new CommandError(`${output} is an input of this command: name another output`, exitCodes.usage);
  }
}

/** Device and number of a file or a folder; undefined for what is not there, and for devices and pipes. */
async function identityOf(input: Inputs[number]): Promise<string | undefined> {
  const options = { bigint: true } as const;
  const fd = typeof input === "string" ? undefined : input.fd;
  if (typeof input !== "string" && fd === undefined) return undefined;
  const found = await (fd === undefined
    ? stat(input as string, options)
    : promisify(fstatOf)(fd, options)
  ).catch(() => undefined);
  return found?.isFile() || found?.isDirectory() ? `${found.dev} ${found.ino}` : undefined;
}

async function openIn(path: string): Promise<Staging> {
  try {
    await finishLeftovers(path);
    return await openStaging(path);
  } catch (error) {
    return refuse(path, error);
  }
}

/** What would fail after the decision is refused before it. */
async function checkTarget(target: string): Promise<void> {
  const there = await stat(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") refuse(target, error);
  });
  if (there?.isDirectory()) refuse(target, { code: "EISDIR" });
}

function nameInside(name: string): string {
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
  return normal;
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Somebody else put something there: it stays.
  }
}

function refuse(path: string, cause: unknown): never {
  const { code = "", message = "", name } = cause as NodeJS.ErrnoException;
  if (name === "AbortError") throw cause;
  const reasons: Record<string, string> = {
    EEXIST: "there is a file of that name, a folder is needed",
    ENOENT: "there is no such folder",
    EISDIR: "there is a folder of that name",
    ENAMETOOLONG: "the name is too long",
    EPIPE: "nobody reads it",
  };
  const reason = reasons[code] ?? systemReason(code) ?? message;
  throw new CommandError(`cannot write ${path}: ${reason}`, exitCodes.failure, { cause });
}
