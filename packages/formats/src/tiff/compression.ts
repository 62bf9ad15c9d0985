// The compressions of TIFF's tag 259: those that are read, each with a decoder that is given how many bytes it must
// give and stops there, and the names of those that are not, for a message that says what the file is.
// TIFF 6.0 sections 9 (PackBits), 13 (LZW); Adobe's Photoshop technical notes (deflate); libtiff (zstd).

import { FormatError } from "../errors.ts";
import { inflateBounded, maxDeflateRatio } from "../inflate.ts";
import { decompressZstd, maxZstdRatio } from "../zstd.ts";
import { decodeLzw } from "./lzw.ts";

const format = "tiff";
const zstdCodes = [50000, 34926];

/** Compressions that are read, with the most bytes that one packed byte can become. */
export const maxRatioByCompression: ReadonlyMap<number, number> = new Map([
  [1, 1], // none
  [5, 2731], // LZW: a code of 12 bits stands for up to 4096 bytes
  [8, maxDeflateRatio],
  [32946, maxDeflateRatio],
  [32773, 64], // PackBits
  [50000, maxZstdRatio],
  [34926, maxZstdRatio],
]);

const otherNames: Readonly<Record<number, string>> = {
  ...{ 2: "CCITT run-length", 3: "CCITT group 3 fax", 4: "CCITT group 4 fax", 32771: "CCITT run-length" },
  ...{ 6: "JPEG", 7: "JPEG", 99: "JPEG", 33007: "JPEG", 34892: "JPEG" },
  ...{ 33003: "JPEG 2000", 33004: "JPEG 2000", 33005: "JPEG 2000", 34712: "JPEG 2000" },
  ...{ 22610: "JPEG XR", 34934: "JPEG XR", 50002: "JPEG XL", 52546: "JPEG XL" },
  ...{ 9: "JBIG", 10: "JBIG", 34661: "JBIG", 34715: "JBIG2", 34887: "LERC", 34925: "LZMA", 34933: "PNG" },
  ...{ 34927: "WebP", 50001: "WebP", 48124: "Jetraw", 34676: "LogLuv", 34677: "LogLuv" },
  ...{ 32766: "NeXT", 32809: "ThunderScan", 32908: "Pixar", 32909: "Pixar", 34713: "Nikon NEF" },
  ...{ 65000: "electron-event", 65001: "electron-event", 65002: "electron-event" },
};

/** "JPEG compression" or, where the code is not known, "compression 9999". */
export function nameOfCompression(code: number): string {
  const name = otherNames[code];
  return name === undefined ? `compression ${code}` : `${name} compression`;
}

export function isZstd(code: number): boolean {
  return zstdCodes.includes(code);
}

/**
 * A fresh copy of at least `size` bytes, so that it may be changed in place and viewed as wider elements; a
 * compression that fills up its last strip may give up to `maxSize`. Throws FormatError.
 */
export function decompressBlock(
  packed: Uint8Array,
  code: number,
  size: number,
  maxSize: number,
): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(decode(packed, code, size, maxSize));
  if (block.length < size)
    throw new FormatError(format, `a strip or tile holds ${block.length} of ${size} bytes`);
  return block;
}

function decode(packed: Uint8Array, code: number, size: number, maxSize: number): Uint8Array {
  const bounds = { format, minBytes: size, maxBytes: maxSize };
  if (code === 1) return packed.subarray(0, size);
  if (code === 5) return decodeLzw(packed, size);
  if (code === 32773) return decodePackBits(packed, size);
  if (isZstd(code)) return decompressZstd(packed, bounds);
  return inflateBounded(packed, { ...bounds, wrapper: "zlib" });
}

function decodePackBits(packed: Uint8Array, size: number): Uint8Array {
  const result = new Uint8Array(size);
  let written = 0;
  for (let read = 0; written < size && read + 1 < packed.length; ) {
    const header = packed[read++]!;
    if (header === 128) continue;
    const count = Math.min(header < 128 ? header + 1 : 257 - header, size - written);
    if (header < 128) {
      const literal = packed.subarray(read, read + count);
      result.set(literal, written);
      written += literal.length;
      read += header + 1;
    } else {
      result.fill(packed[read++]!, written, written + count);
      written += count;
    }
  }
  return result.subarray(0, written);
}
