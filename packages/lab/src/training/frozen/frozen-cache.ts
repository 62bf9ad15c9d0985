// Results of frozen networks on disk, so that a run that is begun again, resumed or varied does not compute them again: one
// file per network, named by a hash of its weights and settings, with records by a hash of the input. A record is its key (32
// bytes), its length in bytes, the values and a CRC; one that a kill has cut is dropped. Values are kept as they were
// computed: a run reads the bits that it would have computed.

import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import type { NdArray } from "@proteoscope/engine";
import { bytesOf, crc32c } from "@proteoscope/formats";

/** Results by input. */
export interface FrozenCache {
  /** The values of an input: from the disk, or computed and put there. */
  get(
    key: readonly (string | Uint8Array | Float32Array)[],
    compute: () => Promise<Float32Array>,
  ): Promise<Float32Array>;
  close(): Promise<void>;
}

export interface FrozenCacheOptions {
  /** The folder of all such files; without one nothing is kept. */
  readonly cacheDir: string | undefined;
  /** What is computed, as the beginning of the file's name. */
  readonly name: string;
  /** Everything that the results depend on beside the input: configurations, the device. */
  readonly settings: unknown;
  readonly weights: ReadonlyMap<string, NdArray>;
  /** Bytes from which on nothing is added; default 8 GB. */
  readonly maxBytes?: number;
}

const keyBytes = 32;
const settledMs = 10_000;
const headerBytes = keyBytes + 8; // key, length, CRC

/** Opens the file of a network. Several processes may read and add to one: a record is added in one write. */
export async function openFrozenCache(options: FrozenCacheOptions): Promise<FrozenCache> {
  const { cacheDir, name, maxBytes = 8e9 } = options;
  if (cacheDir === undefined) return { get: (_, compute) => compute(), close: async () => {} };
  await mkdir(cacheDir, { recursive: true });
  const file = await open(join(cacheDir, `${name}-${identityOf(options)}.bin`), "a+");
  const { places, size } = await readIndex(file);
  let length = size;
  return {
    async get(key, compute) {
      const digest = hash(key);
      const place = places.get(digest.toString("hex"));
      const there = place && (await readRecord(file, place));
      if (there !== undefined) return there;
      const values = await compute();
      if (length < maxBytes) {
        const record = recordOf(digest, values);
        await file.appendFile(record);
        length += record.length;
      }
      return values;
    },
    close: () => file.close(),
  };
}

interface Place {
  readonly at: number;
  readonly bytes: number;
}

/**
 * Where the values of each key are. What is behind the last whole record was cut by a kill and goes, unless another process
 * may be writing it: then nothing is added.
 */
async function readIndex(file: FileHandle): Promise<{ places: Map<string, Place>; size: number }> {
  const { size, mtimeMs } = await file.stat();
  const places = new Map<string, Place>();
  const header = Buffer.alloc(headerBytes);
  let at = 0;
  while (at + headerBytes <= size) {
    await file.read(header, 0, headerBytes, at);
    const bytes = header.readUInt32LE(keyBytes);
    if (at + headerBytes + bytes > size) break;
    places.set(header.toString("hex", 0, keyBytes), { at, bytes });
    at += headerBytes + bytes;
  }
  if (at === size) return { places, size };
  if (Date.now() - mtimeMs < settledMs) return { places, size: Number.POSITIVE_INFINITY };
  await file.truncate(at);
  return { places, size: at };
}

/** The values of a record; undefined where they are not what was written. */
async function readRecord(file: FileHandle, { at, bytes }: Place): Promise<Float32Array | undefined> {
  const record = Buffer.alloc(headerBytes + bytes);
  await file.read(record, 0, record.length, at);
  const values = new Uint8Array(record.subarray(headerBytes));
  return crc32c(values) === record.readUInt32LE(keyBytes + 4) ? new Float32Array(values.buffer) : undefined;
}

function recordOf(key: Buffer, values: Float32Array): Buffer {
  const data = bytesOf(values);
  const record = Buffer.alloc(headerBytes + data.length);
  key.copy(record);
  record.writeUInt32LE(data.length, keyBytes);
  record.writeUInt32LE(crc32c(data), keyBytes + 4);
  record.set(data, headerBytes);
  return record;
}

function identityOf({ settings, weights }: FrozenCacheOptions): string {
  const digest = createHash("sha256").update(JSON.stringify(settings));
  for (const [name, { dtype, shape, data }] of [...weights].sort(([a], [b]) => (a < b ? -1 : 1)))
    digest.update(`${name} ${dtype} ${shape}`).update(bytesOf(data));
  return digest.digest("hex").slice(0, 32);
}

function hash(parts: readonly (string | Uint8Array | Float32Array)[]): Buffer {
  const digest = createHash("sha256");
  for (const part of parts) {
    const bytes = typeof part === "string" ? Buffer.from(part) : bytesOf(part);
    digest.update(`${bytes.length} `).update(bytes);
  }
  return digest.digest();
}
