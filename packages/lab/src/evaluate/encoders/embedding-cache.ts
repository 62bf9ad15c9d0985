// Embeddings on disk by the content of the image, so that real crops are encoded once for all evaluations: one file per encoder,
// named by its identity; each record is the SHA-256 of an image and what the encoder gives for it. A record that a kill cut
// off is dropped, and a file whose records have another width is begun anew.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { appendFile, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { createFolder } from "@proteoscope/formats/node";
import type { CellPlanes } from "../judges/cell-features.ts";
import type { CellEncoder, EncodedCell } from "./encoder.ts";

const digestBytes = 32;
const parts = ["embedding", "probabilities", "proteinLogits"] as const;

/** The encoder with what it gave before; nothing is stored where `folder` is undefined. */
export async function cachedEncoder(encoder: CellEncoder, folder: string | undefined): Promise<CellEncoder> {
  if (folder === undefined) return encoder;
  await createFolder(folder);
  const path = join(folder, `${encoder.identity}.embeddings`);
  const known = await readRecords(path);
  return {
    ...encoder,
    async encode(cells) {
      const keys = cells.map(keyOf);
      const missing = [...new Map(keys.map((key, index) => [key, index])).values()].filter(
        (index) => !known.has(keys[index]!),
      );
      if (missing.length > 0) {
        const encoded = await encoder.encode(missing.map((index) => cells[index]!));
        const records = missing.map((index, i) => {
          known.set(keys[index]!, encoded[i]!);
          return recordOf(keys[index]!, encoded[i]!);
        });
        await appendFile(path, Buffer.concat(records));
      }
      return keys.map((key) => known.get(key)!);
    },
  };
}

function keyOf({ side, protein, nucleus, distance }: CellPlanes): string {
  const hash = createHash("sha256").update(String(side));
  for (const { buffer, byteOffset, byteLength } of [protein, nucleus, distance])
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest("hex");
}

/** digest, then for each part its length and its floats. */
function recordOf(key: string, encoded: EncodedCell): Buffer {
  const pieces = parts.flatMap((part) => {
    const values = encoded[part] ?? new Float32Array(0);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(values.length);
    return [length, Buffer.from(values.buffer, values.byteOffset, values.byteLength)];
  });
  return Buffer.concat([Buffer.from(key, "hex"), ...pieces]);
}

async function readRecords(path: string): Promise<Map<string, EncodedCell>> {
  const records = new Map<string, EncodedCell>();
  if (!existsSync(path)) return records;
  const bytes = await readFile(path);
  let at = 0;
  while (at < bytes.length) {
    const record = readRecord(bytes, at);
    if (record === undefined) {
      await truncate(path, at);
      break;
    }
    records.set(record.key, record.encoded);
    at = record.end;
  }
  return records;
}

function readRecord(bytes: Buffer, start: number) {
  let at = start + digestBytes;
  const read: Partial<Record<(typeof parts)[number], Float32Array>> = {};
  for (const part of parts) {
    if (at + 4 > bytes.length) return undefined;
    const length = bytes.readUInt32LE(at);
    at += 4;
    if (at + 4 * length > bytes.length) return undefined;
    if (length > 0)
      read[part] = new Float32Array(
        bytes.buffer.slice(bytes.byteOffset + at, bytes.byteOffset + at + 4 * length),
      );
    at += 4 * length;
  }
  const { embedding, ...rest } = read;
  if (embedding === undefined) return undefined;
  return { key: bytes.toString("hex", start, start + digestBytes), encoded: { embedding, ...rest }, end: at };
}
