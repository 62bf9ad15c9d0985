// Blosc 1 (https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst), the compression of most OME-Zarr 0.4:
// a header, and blocks whose bytes or bits were grouped by significance before each was compressed. Own code: the
// C library as numcodecs builds it for JavaScript reports no damage and fails after it.

import { FormatError } from "../errors.ts";
import { inflateBounded } from "../inflate.ts";
import { decompressZstd } from "../zstd.ts";
import { decodeBloscLz } from "./blosclz.ts";
import { decodeLz4Block } from "./lz4.ts";

const format = "zarr";
const headerBytes = 16;
const smallestBlock = 64; // the library makes none smaller, but for less data
const smallestSplit = 128;
const mostSplits = 16;

const compressors = ["BloscLZ", "LZ4", "Snappy", "zlib", "zstd"];

/** Decompresses a buffer of at most `maxBytes`; `loadZstd` was awaited. Throws FormatError. */
export function decodeBlosc(packed: Uint8Array, maxBytes: number): Uint8Array {
  const refuse = (fault: string) => new FormatError(format, `Blosc data ${fault}`);
  if (packed.length < headerBytes) throw refuse("is cut short");
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  const flags = view.getUint8(2);
  const typeSize = Math.max(1, view.getUint8(3));
  const [size, blockSize] = [view.getUint32(4, true), view.getUint32(8, true)];
  if (size > maxBytes) throw refuse(`expands to ${size} bytes, above ${maxBytes}`);
  if (flags & 2) {
    if (packed.length < headerBytes + size) throw refuse("is cut short");
    return packed.subarray(headerBytes, headerBytes + size);
  }
  if (blockSize < Math.min(size, smallestBlock)) throw refuse(`has blocks of ${blockSize} bytes`);
  const compressor = flags >> 5;
  const blocks = size === 0 ? 0 : Math.ceil(size / blockSize);
  if (headerBytes + 4 * blocks > packed.length) throw refuse("is cut short");

  const result = new Uint8Array(size);
  for (let block = 0; block < blocks; block++) {
    const first = block * blockSize;
    const bytes = Math.min(blockSize, size - first);
    const isLeftover = bytes < blockSize;
    const split =
      !(flags & 16) && !isLeftover && typeSize <= mostSplits && bytes / typeSize >= smallestSplit
        ? typeSize
        : 1;
    const stream = Math.floor(bytes / split);
    const grouped = new Uint8Array(bytes);
    let at = view.getUint32(headerBytes + 4 * block, true);
    for (let part = 0; part < split; part++) {
      if (at + 4 > packed.length) throw refuse("is cut short");
      const length = view.getUint32(at, true);
      at += 4;
      if (at + length > packed.length) throw refuse("is cut short");
      const source = packed.subarray(at, at + length);
      grouped.set(length === stream ? source : decompress(source, compressor, stream), part * stream);
      at += length;
    }
    result.set(ungroup(grouped, flags, typeSize), first);
  }
  return result;
}

function decompress(source: Uint8Array, compressor: number, size: number): Uint8Array {
  if (compressor === 0) return decodeBloscLz(source, size);
  if (compressor === 1) return decodeLz4Block(source, size);
  const bounds = { format, minBytes: size, maxBytes: size };
  if (compressor === 3) return inflateBounded(source, { ...bounds, wrapper: "zlib" });
  if (compressor === 4) return decompressZstd(source, bounds);
  throw new FormatError(
    format,
    `Blosc with ${compressors[compressor] ?? `compressor ${compressor}`} is not read`,
    {
      hint: "write it with zstd or LZ4",
    },
  );
}

/** Undoes Blosc's filter: bit 0 of the flags grouped bytes, bit 2 grouped bits. */
function ungroup(grouped: Uint8Array, flags: number, typeSize: number): Uint8Array {
  const count = Math.floor(grouped.length / typeSize);
  const result = grouped.slice();
  if (flags & 1 && typeSize > 1) {
    for (let byte = 0; byte < typeSize; byte++) {
      for (let i = 0; i < count; i++) result[i * typeSize + byte] = grouped[byte * count + i]!;
    }
  } else if (flags & 4 && count > 0 && count % 8 === 0) {
    result.fill(0, 0, count * typeSize);
    const rowBytes = count / 8;
    for (let bit = 0; bit < typeSize * 8; bit++) {
      for (let i = 0; i < count; i++) {
        const value = (grouped[bit * rowBytes + (i >> 3)]! >> (i & 7)) & 1;
        result[i * typeSize + (bit >> 3)]! |= value << (bit & 7);
      }
    }
  }
  return result;
}
