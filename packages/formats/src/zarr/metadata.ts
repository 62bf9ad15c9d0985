// Metadata of a Zarr array, checked before zarrita acts on them: it trusts what it is given, starts the codecs of a
// list all at once, and one that fails beside another would end the process by a rejection that nobody handles.

import { FormatError } from "../errors.ts";
import type { ByteStore } from "./byte-store.ts";
import { checkStoreKey } from "./byte-store.ts";
import { readCodecs } from "./codecs.ts";

const format = "zarr";
const maxMetadataBytes = 16 * 2 ** 20;
const maxIndexEntries = 2 ** 22; // of a shard
const mostDimensions = 8;

/** An object of JSON, or an empty one where the value is none. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

/** A list of JSON, or an empty one where the value is none. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Reads a JSON object of the hierarchy; undefined where there is no such file. Rejects with FormatError. */
export async function readJsonFile(
  store: ByteStore,
  key: string,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const bytes = await store.get(checkStoreKey(key));
  if (bytes === undefined) return undefined;
  if (bytes.length > maxMetadataBytes) throw new FormatError(format, `${key} is too large to be metadata`);
  try {
    return asObject(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new FormatError(format, `${key} is no JSON`, { cause });
  }
}

/** Throws FormatError for codecs that are not read and for shapes that are none. */
export function checkArrayMetadata(metadata: Readonly<Record<string, unknown>>): void {
  const rank = checkShape(metadata.shape, "shape");
  if (metadata.zarr_format === 2) {
    checkShape(metadata.chunks, "chunks", rank);
    const filters = [...asList(metadata.filters), ...(metadata.compressor ? [metadata.compressor] : [])];
    checkCodecs(filters.map((filter) => ({ name: `numcodecs.${String(asObject(filter).id)}` })));
    return;
  }
  const grid = asObject(metadata.chunk_grid);
  if (grid.name !== "regular") throw new FormatError(format, "its chunks are not of one size");
  const chunkShape = asObject(grid.configuration).chunk_shape;
  checkShape(chunkShape, "chunk shape", rank);
  checkCodecs(metadata.codecs);
  const sharding = asList(metadata.codecs).find((codec) => asObject(codec).name === "sharding_indexed");
  if (sharding !== undefined)
    checkSharding(asObject(asObject(sharding).configuration), chunkShape as number[]);
}

function checkSharding(configuration: Readonly<Record<string, unknown>>, shard: readonly number[]): void {
  checkShape(configuration.chunk_shape, "shape of a shard's chunks", shard.length);
  const inner = configuration.chunk_shape as number[];
  const entries = shard.reduce((product, size, axis) => product * (size / inner[axis]!), 1);
  if (shard.some((size, axis) => size % inner[axis]! !== 0) || entries > maxIndexEntries)
    throw new FormatError(format, `its shards [${shard}] of chunks [${inner}] are not read`);
  for (const codecs of [configuration.codecs, configuration.index_codecs]) {
    checkCodecs(codecs);
    if (asList(codecs).some((codec) => asObject(codec).name === "sharding_indexed"))
      throw new FormatError(format, "shards within shards are not read");
  }
}

function checkCodecs(codecs: unknown): void {
  if (!Array.isArray(codecs)) throw new FormatError(format, "its codecs are no list");
  for (const codec of codecs) {
    const { name } = asObject(codec);
    if (typeof name !== "string" || !readCodecs.has(name)) {
      const shown = String(JSON.stringify(name ?? codec)).slice(0, 60);
      throw new FormatError(format, `the codec ${shown} is not read`, {
        hint: `write it with one of ${[...readCodecs].filter((known) => !known.includes(".")).join(", ")}`,
      });
    }
  }
}

/** Checks that it is a list of whole sizes, and returns its length. */
function checkShape(shape: unknown, what: string, rank?: number): number {
  const sizes = asList(shape);
  const whole = sizes.every((size) => Number.isSafeInteger(size) && (size as number) >= 1);
  if (
    !whole ||
    sizes.length === 0 ||
    sizes.length > mostDimensions ||
    sizes.length !== (rank ?? sizes.length)
  )
    throw new FormatError(format, `its ${what} ${String(JSON.stringify(shape)).slice(0, 60)} is not read`);
  return sizes.length;
}
