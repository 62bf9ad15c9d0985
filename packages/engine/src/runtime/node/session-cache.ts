/**
 * A cache of compiled sessions that outlives the process: models as ONNX Runtime has optimised them for this machine.
 *
 * Each is a folder with the graph and its weights, which the runtime maps to memory instead of parsing them. The folder's
 * name is a digest of all that decides what it holds (graph, weights, runtime, machine) and the checksum of its files,
 * so that one of another model or with damage is never used. Folders are written under a temporary name and renamed,
 * which lets processes share the cache; beyond a number of bytes the least recently used are removed.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { arch, cpus, platform } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { env } from "onnxruntime-node";
import type { OnnxModel } from "../../onnx/external-data.ts";
import type { TypedArray } from "../../tensor.ts";
import type { LoadOptions, Runtime, Session, SessionKey } from "../runtime.ts";
import { checksumOfModel } from "./file-checksum.ts";
import { makeTemporaryFolder, removeAbandonedFolders } from "./temporary-folders.ts";

/** Options of `cacheSessions`. */
export interface SessionCacheOptions {
  /** The folder of the cache, which is made at the first program. */
  readonly folder: string;
  /** Number of threads where a load does not say. */
  readonly threads: number;
  /** The largest size of the folder, in bytes. Default 2 GiB. */
  readonly maxBytes?: number;
}

const graphFile = "model.onnx";
/** The purpose of folders that are not finished, and the beginning of their names. */
const unfinished = "partial";
/** A model larger than this fraction of the cache is not cached. */
const largestFraction = 1 / 4;

/** Gives the runtime `loadCached`; a folder that cannot be used costs nothing but the time of compiling. */
export function cacheSessions(
  runtime: Runtime,
  { folder, threads, maxBytes = 2 ** 31 }: SessionCacheOptions,
): Runtime {
  const unsettled = new Set<Promise<void>>();
  const inBackground = (work: Promise<void>) => {
    unsettled.add(work);
    void work.finally(() => unsettled.delete(work));
  };
  let isClosed = false;
  inBackground(removeAbandonedFolders(folder, unfinished));
  const loadCached: NonNullable<Runtime["loadCached"]> = async (key, make, options = {}) => {
    const bytes = key.values.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (bytes > maxBytes * largestFraction) return runtime.load(...loadable(make(), options));
    const name = digestOf(key, options.threads ?? threads);
    const cached = await loadFrom(folder, name, runtime, options, () => isClosed);
    if (cached !== undefined) return cached;
    let temporary: string | undefined;
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      temporary = await makeTemporaryFolder(folder, unfinished);
      const saveTo = join(temporary, graphFile);
      const session = await runtime.load(...loadable(make(), { ...options, saveTo }));
      inBackground(store(folder, name, temporary, maxBytes));
      return session;
    } catch {
      if (temporary !== undefined) await remove(temporary);
      return runtime.load(...loadable(make(), options));
    }
  };
  return {
    ...runtime,
    loadCached,
    close: async () => {
      isClosed = true;
      await runtime.close();
      await Promise.all(unsettled);
    },
  };
}

const loadable = ({ model, externalData }: OnnxModel, options: LoadOptions) =>
  [model, { ...options, externalData, transfer: true }] as const;

/** Loads the session of this name; one that is damaged, or that the runtime refuses, is removed. */
async function loadFrom(
  folder: string,
  name: string,
  runtime: Runtime,
  options: LoadOptions,
  isClosed: () => boolean,
): Promise<Session | undefined> {
  // The folder is read at once, so that the runtime's thread loads while the caller prepares its next program.
  for (const entry of listNow(folder)) {
    if (!entry.startsWith(`${name}-`)) continue;
    const path = join(folder, entry);
    const checksum = Number.parseInt(entry.slice(name.length + 1), 16);
    try {
      const session = await runtime.load(join(path, graphFile), { ...options, checksum });
      const now = new Date();
      await utimes(path, now, now).catch(() => {});
      return session;
    } catch (error) {
      if (isClosed()) throw error; // which says nothing about the files
      await remove(path);
    }
  }
  return undefined;
}

function listNow(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Gives a finished folder its name, and makes room for it; a folder that cannot get it is removed. */
async function store(folder: string, name: string, temporary: string, maxBytes: number): Promise<void> {
  try {
    for (const file of await readdir(temporary)) await flush(join(temporary, file));
    if (listNow(folder).some((entry) => entry.startsWith(`${name}-`))) return remove(temporary); // another was faster
    const checksum = await checksumOfModel(join(temporary, graphFile));
    await rename(temporary, join(folder, `${name}-${checksum.toString(16).padStart(8, "0")}`));
    await evict(folder, maxBytes);
  } catch {
    await remove(temporary);
  }
}

/** Writes a file to the disk, so that no name outlives its bytes when the power fails. */
async function flush(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Removes the least recently used until the others keep to the bound; unfinished folders are their processes'. */
async function evict(folder: string, maxBytes: number): Promise<void> {
  const finished = (await readdir(folder)).filter((name) => !name.startsWith(`${unfinished}.`));
  const entries = await Promise.all(
    finished.map(async (name) => {
      const path = join(folder, name);
      const { mtimeMs = 0 } = (await stat(path).catch(() => undefined)) ?? {};
      return { path, mtimeMs, size: await sizeOf(path) };
    }),
  );
  let bytes = 0;
  for (const { path, size } of entries.sort((a, b) => b.mtimeMs - a.mtimeMs)) {
    bytes += size;
    if (bytes > maxBytes) await remove(path);
  }
}

/** Counts the bytes of the files in a folder; 0 where another process has removed it. */
async function sizeOf(folder: string): Promise<number> {
  const files = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    files.map(async (file) => (await stat(join(folder, file)).catch(() => undefined))?.size ?? 0),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

const remove = (path: string) => rm(path, { recursive: true, force: true }).catch(() => {});

/**
 * Digests all that decides how a model is optimised; weights by their checksums, which take a tenth of a digest's time.
 */
function digestOf({ signature, values }: SessionKey, threads: number): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([2, env.versions.node, platform(), arch(), processor(), threads]));
  for (const bytes of signature) hash.update(`${bytes.byteLength} `).update(bytes);
  for (const array of values) hash.update(`${array.byteLength} ${checksumOfValues(array)} `);
  return hash.digest("hex").slice(0, 40);
}

/** Checksums of weights that programs compiled together have in common, which cannot change meanwhile. */
const knownChecksums = new Map<TypedArray, number>();

function checksumOfValues(array: TypedArray): number {
  if (knownChecksums.size === 0) setImmediate(() => knownChecksums.clear());
  const { buffer, byteOffset, byteLength } = array;
  const sum = knownChecksums.get(array) ?? crc32(new Uint8Array(buffer, byteOffset, byteLength));
  knownChecksums.set(array, sum);
  return sum;
}

/** Names the processor with its instructions, on which packed weights depend and which a virtual machine may hide. */
function processor(): string {
  const model = cpus()[0]?.model ?? "";
  try {
    return `${model} ${/^(flags|Features)\s*:.*$/m.exec(readFileSync("/proc/cpuinfo", "latin1"))?.[0]}`;
  } catch {
    return model; // no Linux
  }
}
