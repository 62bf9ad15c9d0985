// A Zarr array (v2 and v3, https://zarr-specs.readthedocs.io) whose planes are read one at a time. Metadata and chunks
// are zarrita's to interpret; here everything it is given is checked before, chunks are read one after another, and
// each must hold what the metadata say.

import type * as zarrita from "zarrita";
import { FormatError } from "../errors.ts";
import {
  bytesPerElement,
  type DType,
  elementCount,
  type NdArray,
  type TypedArray,
  viewBytes,
} from "../nd-array.ts";
import { type ByteStore, checkStoreKey } from "./byte-store.ts";
import { bytesOfChunk, registerCodecs } from "./codecs.ts";
import { checkArrayMetadata, readJsonFile } from "./metadata.ts";

export interface ZarrArray {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /**
   * Reads the plane along two axes at a place on all others, [size of rows, size of columns]. What no chunk is there
   * for has the fill value. Rejects with FormatError.
   */
  readPlane(place: readonly number[], axes: PlaneAxes): Promise<NdArray>;
}

export interface PlaneAxes {
  readonly rows: number;
  readonly columns: number;
}

type NumberArray = zarrita.Array<zarrita.NumberDataType | zarrita.BigintDataType, zarrita.Readable>;

interface Chunk {
  readonly data: TypedArray;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
}

const format = "zarr";
const maxPixels = 100e6;
const maxPlaneBytes = 512 * 2 ** 20;
const maxChunkBytes = 256 * 2 ** 20;
const maxKeptBytes = 256 * 2 ** 20;
const maxChunks = 65_536; // of a plane

/** Opens the array at a path. Rejects with FormatError for what is not there or cannot be read. */
export async function openZarrArray(store: ByteStore, path: string): Promise<ZarrArray> {
  const metadata =
    (await readJsonFile(store, `${path}/zarr.json`)) ?? (await readJsonFile(store, `${path}/.zarray`));
  if (metadata === undefined)
    throw new FormatError(format, `there is no array at ${path}`, { hint: "copy the whole folder again" });
  checkArrayMetadata(metadata);
  const zarr = await import("zarrita");
  registerCodecs(zarr.registry);
  const array = await refuseOnReject(`the metadata of ${path} are damaged`, async () => {
    const location = zarr.root(storeOfZarrita(store)).resolve(path);
    const open = metadata.zarr_format === 2 ? zarr.open.v2 : zarr.open.v3;
    return (await open(location, { kind: "array" })) as NumberArray;
  });
  const { shape, dtype, chunks } = array;
  const chunkBytes = bytesOfChunk({ dataType: dtype, shape: chunks });
  if (!(chunkBytes <= maxChunkBytes))
    throw new FormatError(format, `its chunks [${chunks}] of ${dtype} are not read`, {
      hint: "write numbers, in chunks of at most 256 MiB",
    });
  const kept = keepChunks(array, chunkBytes);
  return {
    shape,
    dtype,
    readPlane: async (place, axes) => {
      const plane = emptyPlane(array, axes);
      const chunksThere = chunksOfPlane(array, place, axes);
      kept.keepOnly(chunksThere);
      for (const coordinates of chunksThere)
        copyChunk(await kept.read(coordinates), coordinates, { place, axes, plane });
      return plane;
    },
  };
}

function storeOfZarrita(store: ByteStore): zarrita.AsyncReadable {
  const key = (path: string) => checkStoreKey(path.replace(/^\//, ""));
  return {
    get: async (path) => store.get(key(path)),
    getRange: async (path, range) => store.get(key(path), range),
  };
}

/** Chunks of the plane that was read last: the next plane often lies in the same. No more than maxKeptBytes. */
function keepChunks(array: NumberArray, chunkBytes: number) {
  const kept = new Map<string, Chunk>();
  const keyOf = (coordinates: readonly number[]) => coordinates.join("/");
  return {
    keepOnly: (needed: readonly (readonly number[])[]): void => {
      const keys = new Set(needed.map(keyOf));
      for (const key of kept.keys()) if (!keys.has(key)) kept.delete(key);
    },
    read: async (coordinates: readonly number[]): Promise<Chunk> => {
      const key = keyOf(coordinates);
      const chunk = kept.get(key) ?? (await readChunk(array, coordinates));
      if ((kept.size + 1) * chunkBytes <= maxKeptBytes) kept.set(key, chunk);
      return chunk;
    },
  };
}

function readChunk(array: NumberArray, coordinates: readonly number[]): Promise<Chunk> {
  const name = `chunk ${coordinates.join("/")}`;
  return refuseOnReject(`${name} is damaged`, async () => {
    const chunk = (await array.getChunk([...coordinates])) as Chunk;
    const [found, needed] = [chunk.data.length, elementCount(chunk.shape)];
    if (found !== needed) throw new FormatError(format, `${name} holds ${found} of ${needed} values`);
    return chunk;
  });
}

function emptyPlane({ shape, dtype }: NumberArray, { rows, columns }: PlaneAxes): NdArray {
  const [height, width] = [shape[rows]!, shape[columns]!];
  const bytes = height * width * bytesPerElement(dtype);
  if (height * width > maxPixels || bytes > maxPlaneBytes)
    throw new FormatError(format, `${width} x ${height} pixels are too many`, { hint: "crop it first" });
  return { dtype, shape: [height, width], data: viewBytes(new Uint8Array(bytes), dtype, 0, height * width) };
}

/** Coordinates of the chunks that the plane runs through, row by row. */
function chunksOfPlane(
  { shape, chunks }: NumberArray,
  place: readonly number[],
  axes: PlaneAxes,
): number[][] {
  const fixed = place.map((index, axis) => Math.floor(index / chunks[axis]!));
  const [down, across] = [axes.rows, axes.columns].map((axis) => Math.ceil(shape[axis]! / chunks[axis]!));
  const count = down! * across!;
  if (count > maxChunks)
    throw new FormatError(format, `a plane of ${count} chunks is not read`, { hint: "write larger chunks" });
  return Array.from({ length: count }, (_, index) => {
    const coordinates = [...fixed];
    coordinates[axes.rows] = Math.floor(index / across!);
    coordinates[axes.columns] = index % across!;
    return coordinates;
  });
}

interface PlaneTarget {
  readonly place: readonly number[];
  readonly axes: PlaneAxes;
  readonly plane: NdArray;
}

function copyChunk(
  { data, shape, stride }: Chunk,
  coordinates: readonly number[],
  target: PlaneTarget,
): void {
  const { place, axes, plane } = target;
  const [height, width] = plane.shape as [number, number];
  const source = data as Uint32Array;
  const result = plane.data as Uint32Array;
  const [rowStride, columnStride] = [stride[axes.rows]!, stride[axes.columns]!];
  const [firstRow, firstColumn] = [axes.rows, axes.columns].map(
    (axis) => coordinates[axis]! * shape[axis]!,
  ) as [number, number];
  const rows = Math.min(shape[axes.rows]!, height - firstRow);
  const columns = Math.min(shape[axes.columns]!, width - firstColumn);
  let start = 0;
  for (const [axis, index] of place.entries())
    if (axis !== axes.rows && axis !== axes.columns)
      start += (index - coordinates[axis]! * shape[axis]!) * stride[axis]!;
  for (let row = 0; row < rows; row++) {
    const from = start + row * rowStride;
    const to = (firstRow + row) * width + firstColumn;
    if (columnStride === 1) result.set(source.subarray(from, from + columns), to);
    else
      for (let column = 0; column < columns; column++)
        result[to + column] = source[from + column * columnStride]!;
  }
}

async function refuseOnReject<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // A codec's own words come wrapped in zarrita's.
    const cause = error instanceof Error && error.cause instanceof FormatError ? error.cause : error;
    if (cause instanceof FormatError) throw cause;
    throw new FormatError(format, `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
