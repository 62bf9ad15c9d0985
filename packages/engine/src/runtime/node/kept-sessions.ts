/**
 * Compiled sessions that outlive the process: ONNX Runtime's optimised form of a model, in a folder of the user's cache.
 *
 * A file's name is a digest of all that decides what it holds (graph, weights, runtime, machine) and the checksum of its
 * bytes, so that a file of another model or with damage is never used. Files are written under a temporary name and
 * renamed, which lets processes share the folder; the longest unused go when it grows beyond its bound.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { arch, cpus, platform } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { env } from "onnxruntime-node";
import type { OnnxModel } from "../../onnx/external-data.ts";
import type { TypedArray } from "../../tensor.ts";
import type { LoadOptions, Runtime, Session } from "../runtime.ts";
import type { SessionKey } from "../shared-sessions.ts";
import { checksumOfFile } from "./file-checksum.ts";

export interface KeepOptions {
  readonly folder: string;
  /** Threads of the runtime where a load does not say. */
  readonly threads: number;
  /** What the folder may hold, in bytes. Default 2 GiB. */
  readonly mostBytes?: number;
}

const extension = ".onnx";
const unfinished = ".partial";
/** A model that takes more of the folder than this part of it is not kept. */
const largestShare = 4;
/** What a process left that ended while it wrote. */
const abandonedMs = 3_600_000;

/** The runtime with `loadKept`; a folder that cannot be used costs nothing but the time of compiling. */
export function keepSessions(
  runtime: Runtime,
  { folder, threads, mostBytes = 2 ** 31 }: KeepOptions,
): Runtime {
  const sealing = new Set<Promise<void>>();
  let count = 0;
  const loadKept: NonNullable<Runtime["loadKept"]> = async (key, make, options = {}) => {
    const bytes = key.values.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (bytes > mostBytes / largestShare) return runtime.load(...loadable(make(), options));
    const name = digestOf(key, options.threads ?? threads);
    const known = await loadKnown(runtime, folder, name, options);
    if (known !== undefined) return known;
    const temporary = join(folder, `${name}.${process.pid}.${count++}${unfinished}`);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const session = await runtime.load(...loadable(make(), { ...options, saveTo: temporary }));
      const sealed = seal(folder, name, temporary, mostBytes).catch(() => rm(temporary, { force: true }));
      sealing.add(sealed);
      void sealed.finally(() => sealing.delete(sealed)).catch(() => {});
      return session;
    } catch {
      await rm(temporary, { force: true }).catch(() => {});
      return runtime.load(...loadable(make(), options));
    }
  };
  return {
    ...runtime,
    loadKept,
    close: async () => {
      await runtime.close();
      await Promise.allSettled(sealing);
    },
  };
}

const loadable = ({ model, externalData }: OnnxModel, options: LoadOptions) =>
  [model, { ...options, externalData, transfer: true }] as const;

/** The session of the file of this name; one that is damaged, or that the runtime does not take, is removed. */
async function loadKnown(
  runtime: Runtime,
  folder: string,
  name: string,
  options: LoadOptions,
): Promise<Session | undefined> {
  for (const file of await readdir(folder).catch(() => [])) {
    if (!file.startsWith(`${name}-`) || !file.endsWith(extension)) continue;
    const path = join(folder, file);
    const checksum = Number.parseInt(file.slice(name.length + 1), 16);
    try {
      const session = await runtime.load(path, { ...options, checksum });
      const now = new Date();
      await utimes(path, now, now).catch(() => {});
      return session;
    } catch {
      await rm(path, { force: true }).catch(() => {});
    }
  }
  return undefined;
}

async function seal(folder: string, name: string, temporary: string, mostBytes: number): Promise<void> {
  await rename(temporary, join(folder, sealedName(name, await checksumOfFile(temporary))));
  await evict(folder, mostBytes);
}

const sealedName = (name: string, checksum: number) =>
  `${name}-${checksum.toString(16).padStart(8, "0")}${extension}`;

/** Removes the longest unused until the others keep to the bound, and what was never finished. */
async function evict(folder: string, mostBytes: number): Promise<void> {
  const files = await Promise.all(
    (await readdir(folder)).map(async (file) => {
      const path = join(folder, file);
      const { mtimeMs = 0, size = 0 } = (await stat(path).catch(() => undefined)) ?? {};
      return { path, mtimeMs, size };
    }),
  );
  let bytes = 0;
  for (const { path, mtimeMs, size } of files.sort((a, b) => b.mtimeMs - a.mtimeMs)) {
    if (path.endsWith(extension)) bytes += size;
    const isAbandoned = path.endsWith(unfinished) && Date.now() - mtimeMs > abandonedMs;
    if ((path.endsWith(extension) && bytes > mostBytes) || isAbandoned)
      await rm(path, { force: true }).catch(() => {});
  }
}

/** Equal where the optimised form is: weights count by their checksums, which take a tenth of a digest's time. */
function digestOf({ signature, values }: SessionKey, threads: number): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([1, env.versions.node, platform(), arch(), processor(), threads]));
  for (const bytes of signature) hash.update(`${bytes.byteLength} `).update(bytes);
  for (const array of values) hash.update(`${array.byteLength} ${checksumOfValues(array)} `);
  return hash.digest("hex").slice(0, 40);
}

/** Programs that are compiled together have weights in common, which cannot change meanwhile. */
const knownChecksums = new Map<TypedArray, number>();

function checksumOfValues(array: TypedArray): number {
  if (knownChecksums.size === 0) setImmediate(() => knownChecksums.clear());
  const { buffer, byteOffset, byteLength } = array;
  const sum = knownChecksums.get(array) ?? crc32(new Uint8Array(buffer, byteOffset, byteLength));
  knownChecksums.set(array, sum);
  return sum;
}

/** The forms of weights depend on the processor's instructions, which virtual machines name apart from its model. */
function processor(): string {
  const model = cpus()[0]?.model ?? "";
  try {
    return `${model} ${/^(flags|Features)\s*:.*$/m.exec(readFileSync("/proc/cpuinfo", "latin1"))?.[0]}`;
  } catch {
    return model; // no Linux
  }
}
