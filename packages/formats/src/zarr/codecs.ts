// Compressions of Zarr chunks with a bound, in place of zarrita's own: those expand without limit, and its builds of
// the C libraries tell little of damage. A chunk's size is known from its metadata; no codec gives more.

import { FormatError } from "../errors.ts";
import { inflateBounded } from "../inflate.ts";
import { decompressZstd, loadZstd } from "../zstd.ts";
import { decodeBlosc } from "./blosc.ts";
import { decodeLz4Block } from "./lz4.ts";

/** Unpacks bytes into at most `maxBytes`. */
type Decoder = (bytes: Uint8Array, maxBytes: number) => Uint8Array | Promise<Uint8Array>;

const format = "zarr";

const decoders: Readonly<Record<string, Decoder>> = {
  gzip: (bytes, maxBytes) =>
    inflateBounded(withoutGzipHeader(bytes), { format, wrapper: "raw", minBytes: 0, maxBytes }),
  zlib: (bytes, maxBytes) => inflateBounded(bytes, { format, wrapper: "zlib", minBytes: 0, maxBytes }),
  zstd: async (bytes, maxBytes) => {
    await loadZstd();
    return decompressZstd(bytes, { format, minBytes: 0, maxBytes });
  },
  blosc: async (bytes, maxBytes) => {
    await loadZstd();
    return decodeBlosc(bytes, maxBytes);
  },
  lz4: (bytes, maxBytes) => {
    const size = bytes.length < 4 ? NaN : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    if (!(size <= maxBytes)) throw new FormatError(format, `LZ4 data of ${size} bytes, above ${maxBytes}`);
    return decodeLz4Block(bytes.subarray(4), size);
  },
};

/** Names of the codecs that are read, as Zarr v3 has them and as zarrita has those of Zarr v2. */
export const readCodecs: ReadonlySet<string> = new Set([
  ...["bytes", "transpose", "crc32c", "sharding_indexed"],
  ...Object.keys(decoders).flatMap((name) => [name, `numcodecs.${name}`]),
]);

/** What zarrita asks of a codec that turns bytes into bytes. */
export interface BytesCodec {
  readonly kind: "bytes_to_bytes";
  encode(bytes: Uint8Array): never;
  decode(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

interface ChunkMetadata {
  readonly dataType: string;
  readonly shape: readonly number[];
}

type CodecRegistry = Map<
  string,
  () => { fromConfig(configuration: unknown, chunk: ChunkMetadata): BytesCodec }
>;

/** Puts the bounded codecs into zarrita's registry, which the whole process shares. */
export function registerCodecs(registry: unknown): void {
  for (const [name, decode] of Object.entries(decoders)) {
    const fromConfig = (_: unknown, chunk: ChunkMetadata): BytesCodec => {
      // A checksum or a second compression may add to the chunk's own bytes.
      const maxBytes = bytesOfChunk(chunk) + 1024;
      return { kind: "bytes_to_bytes", encode: refuseToWrite, decode: (bytes) => decode(bytes, maxBytes) };
    };
    for (const key of [name, `numcodecs.${name}`])
      (registry as CodecRegistry).set(key, () => ({ fromConfig }));
  }
}

/** Bytes of a chunk once it is unpacked; NaN for a type that is not read. */
export function bytesOfChunk({ dataType, shape }: ChunkMetadata): number {
  const [, integer, float] = /^(?:u?int(8|16|32|64)|float(32|64))$/.exec(dataType) ?? [];
  return shape.reduce((product, size) => product * size, Number(integer ?? float) / 8);
}

function refuseToWrite(): never {
  throw new FormatError(format, "compressed chunks are not written");
}

/** The deflate stream inside a gzip file (RFC 1952). */
function withoutGzipHeader(bytes: Uint8Array): Uint8Array {
  const flags = bytes[3] ?? 0;
  let at = 10;
  if (flags & 4) at += 2 + (bytes[at]! | (bytes[at + 1]! << 8));
  for (const named of [flags & 8, flags & 16]) if (named) at = bytes.indexOf(0, at) + 1 || bytes.length;
  if (flags & 2) at += 2;
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || at >= bytes.length)
    throw new FormatError(format, "gzip data is damaged");
  return bytes.subarray(at);
}
