// Files that grow at their ends while a long import runs, such that a process that is killed at any moment can be followed by
// another one that goes on and ends with the same bytes. A journal says how long each file was when all of them agreed, and
// where the import stood; what was written after it is cut off. Nothing has its own name before all is there.
//
//   crops.npy.partial, crops.csv.partial, ...   growing
//   import.json                                 the journal, replaced whole after the files are on the disk

import { type FileHandle, open, readFile, rename, rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { ProteoscopeError } from "@proteoscope/formats";
import {
  createFolder,
  type Lock,
  lockFolder,
  removePartialFiles,
  writeWhole,
} from "@proteoscope/formats/node";
import { z } from "zod";
import { descriptionFile, isDataSet } from "../dataset/description.ts";

const journalName = "import.json";
const partial = ".partial";

const journalSchema = z.object({
  settings: z.unknown(),
  sizes: z.record(z.string(), z.number()),
  state: z.unknown(),
  /** The text of dataset.json, once all else is written. */
  finished: z.string().optional(),
});
type Journal = z.infer<typeof journalSchema>;

/** Files that are being written into the folder of a data set. */
export interface GrowingFiles<State> {
  /** Where the import stood at the last checkpoint; undefined at its beginning. */
  readonly state: State | undefined;
  /** Bytes written so far, by name. */
  sizeOf(name: string): number;
  /** Adds bytes to the end of a file. Calls for one file are to be awaited one after another. */
  append(name: string, bytes: Uint8Array | string): Promise<void>;
  /** Replaces the first bytes of a file, such as a header that holds the number of rows. */
  overwriteStart(name: string, bytes: Uint8Array): Promise<void>;
  /** Brings everything to the disk and notes where the import stands. */
  checkpoint(state: State): Promise<void>;
  /** Gives all files their names, dataset.json last. */
  finish(description: string): Promise<void>;
  /** Closes the files; without `finish`, the import can be gone on with. */
  close(): Promise<void>;
}

/**
 * Opens a folder for an import that has these settings, at its beginning or where it was left; undefined where only the last
 * names were missing, which are given then.
 * @throws ProteoscopeError (usage) where the folder is a data set already, or holds an unfinished import of other settings;
 *   ConfigError where another process writes into it.
 */
export async function openGrowingFiles<State>(
  folder: string,
  names: readonly string[],
  settings: unknown,
): Promise<GrowingFiles<State> | undefined> {
  await createFolder(folder);
  const lock = await lockFolder(folder);
  try {
    await removePartialFiles(folder);
    const journal = await readJournal(folder);
    if (journal?.finished !== undefined && isEqual(journal.settings, settings)) {
      await giveNames(folder, names, journal.finished);
      await lock.release();
      return undefined;
    }
    await refuseOthers(folder, journal, settings);
    for (const name of names) {
      const path = join(folder, `${name}${partial}`);
      if (journal === undefined) await rm(path, { force: true });
      else await truncate(path, journal.sizes[name] ?? 0);
    }
    return await openAll<State>(folder, names, { settings, journal, lock });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function refuseOthers(folder: string, journal: Journal | undefined, settings: unknown): Promise<void> {
  const refuse = (what: string): never => {
    throw new ProteoscopeError(`${folder} ${what}`, { kind: "usage", field: "output" });
  };
  if (await isDataSet(folder)) refuse("is a data set already: name another folder, or remove it");
  if (journal === undefined) return;
  if (!isEqual(journal.settings, settings))
    refuse(
      "holds an unfinished import of other settings: repeat those to go on with it, or remove the folder",
    );
}

/** Whether two plain values are written alike. */
function isEqual(first: unknown, second: unknown): boolean {
  return JSON.stringify(first) === JSON.stringify(second);
}

async function openAll<State>(
  folder: string,
  names: readonly string[],
  { settings, journal, lock }: { settings: unknown; journal: Journal | undefined; lock: Lock },
): Promise<GrowingFiles<State>> {
  const handles = new Map<string, FileHandle>();
  const sizes = new Map<string, number>();
  for (const name of names) {
    handles.set(name, await open(join(folder, `${name}${partial}`), journal === undefined ? "w" : "r+"));
    sizes.set(name, journal?.sizes[name] ?? 0);
  }
  const handleOf = (name: string): FileHandle => {
    const handle = handles.get(name);
    if (handle === undefined) throw new RangeError(`${name} is none of ${names.join(", ")}`);
    return handle;
  };
  const write = async (name: string, bytes: Uint8Array, at: number): Promise<void> => {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await handleOf(name).write(bytes, done, bytes.length - done, at + done);
      done += bytesWritten;
    }
  };
  const note = (state: unknown, finished?: string) =>
    writeWhole(
      join(folder, journalName),
      JSON.stringify({ settings, sizes: Object.fromEntries(sizes), state, finished }),
    );
  const sync = async () => {
    for (const handle of handles.values()) await handle.datasync();
  };
  let last = journal?.state;
  return {
    state: journal?.state as State | undefined,
    sizeOf: (name) => sizes.get(name) ?? 0,
    async append(name, content) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      const at = sizes.get(name) ?? 0;
      await write(name, bytes, at);
      sizes.set(name, at + bytes.length);
    },
    overwriteStart: (name, bytes) => write(name, bytes, 0),
    async checkpoint(state) {
      await sync();
      await note(state);
      last = state;
    },
    async finish(description) {
      await sync();
      await note(last, description);
      await giveNames(folder, names, description);
    },
    async close() {
      for (const handle of handles.values()) await handle.close();
      await lock.release();
    },
  };
}

/** The last step, which can be repeated after a kill: what has its name already is left alone. */
async function giveNames(folder: string, names: readonly string[], description: string): Promise<void> {
  for (const name of names) {
    const path = join(folder, `${name}${partial}`);
    if ((await stat(path).catch(() => undefined)) !== undefined) await rename(path, join(folder, name));
  }
  await writeWhole(join(folder, descriptionFile), description);
  await rm(join(folder, journalName), { force: true });
}

/** The settings of the unfinished import that a folder holds, if it does. */
export async function readUnfinishedSettings(folder: string): Promise<unknown> {
  return (await readJournal(folder))?.settings;
}

async function readJournal(folder: string): Promise<Journal | undefined> {
  const text = await readFile(join(folder, journalName), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  return text === undefined ? undefined : journalSchema.parse(JSON.parse(text));
}
