// Strips and tiles of a TIFF file, unpacked (TIFF 6.0, sections 9, 13 and 14; Adobe's technical note 3 for the
// floating-point predictor). Every decoder is given the number of bytes that the block must hold and stops there.
// Own decoders instead of geotiff's (3.0.5): those have no bound, and that package reads the strip table of a
// big-endian file as little-endian and undoes 16-bit prediction in the host's byte order.

import { FormatError } from "../errors.ts";
import { inflateBounded, maxDeflateRatio } from "../inflate.ts";
import { swapByteOrder } from "../nd-array.ts";

const format = "tiff";

/** Compressions that are read, with the most bytes that one packed byte can become. */
export const maxRatioByCompression: ReadonlyMap<number, number> = new Map([
  [1, 1], // none
  [5, 2731], // LZW: a code of 12 bits stands for up to 4096 bytes
  [8, maxDeflateRatio],
  [32946, maxDeflateRatio],
  [32773, 64], // PackBits
]);

export interface BlockLayout {
  readonly compression: number;
  /** 1 none, 2 horizontal differences, 3 floating point. */
  readonly predictor: number;
  readonly littleEndian: boolean;
  readonly bytesPerSample: number;
  /** Samples of one row of the block. */
  readonly rowSamples: number;
  /** Samples of one pixel in the block. */
  readonly pixelSamples: number;
  /** Rows that the block must hold. */
  readonly rows: number;
  /** Rows that it may hold: a writer may fill up the last strip. */
  readonly maxRows: number;
}

/** Unpacks one block into little-endian samples, rows * rowSamples of them or more. Throws FormatError. */
export function unpackBlock(packed: Uint8Array, layout: BlockLayout): Uint8Array {
  const rowBytes = layout.rowSamples * layout.bytesPerSample;
  const size = layout.rows * rowBytes;
  const block = decompress(packed, layout.compression, size, layout.maxRows * rowBytes);
  if (layout.predictor === 3) {
    for (let row = 0; row < layout.rows; row++)
      undoFloatPrediction(block.subarray(row * rowBytes, (row + 1) * rowBytes), layout);
    return block;
  }
  if (!layout.littleEndian) swapByteOrder(block.subarray(0, size), layout.bytesPerSample);
  if (layout.predictor === 2) undoDifferences(block, layout);
  return block;
}

/** A fresh copy of at least `size` bytes, so that it may be changed in place and viewed as wider elements. */
function decompress(packed: Uint8Array, compression: number, size: number, maxSize: number): Uint8Array {
  switch (compression) {
    case 1:
      if (packed.length < size) throw tooShort(packed.length, size);
      return new Uint8Array(packed.subarray(0, size));
    case 5:
      return decodeLzw(packed, size);
    case 32773:
      return decodePackBits(packed, size);
    default:
      return new Uint8Array(
        inflateBounded(packed, { format, wrapper: "zlib", minBytes: size, maxBytes: maxSize }),
      );
  }
}

function tooShort(length: number, size: number): FormatError {
  return new FormatError(format, `a strip or tile holds ${length} of ${size} bytes`);
}

const clearCode = 256;
const endCode = 257;

function decodeLzw(packed: Uint8Array, size: number): Uint8Array {
  const result = new Uint8Array(size);
  // Each entry of the table is an earlier entry and one byte more.
  const prefixes = new Uint16Array(4096);
  const lasts = new Uint8Array(4096);
  const lengths = new Uint16Array(4096).fill(1);
  for (let code = 0; code < 256; code++) lasts[code] = code;
  let next = 258;
  let width = 9;
  let previous = -1;
  let written = 0;
  let buffer = 0;
  let bits = 0;
  for (let read = 0; written < size; ) {
    while (bits < width && read < packed.length) {
      buffer = ((buffer << 8) | packed[read++]!) & 0xffffff;
      bits += 8;
    }
    if (bits < width) break;
    bits -= width;
    const code = (buffer >> bits) & ((1 << width) - 1);
    if (code === endCode) break;
    if (code === clearCode) {
      next = 258;
      width = 9;
      previous = -1;
      continue;
    }
    if (code > next || (previous < 0 && code > 255) || (code === next && next === 4096)) {
      throw new FormatError(format, "LZW data is damaged");
    }
    if (previous >= 0 && next < 4096) {
      prefixes[next] = previous;
      lengths[next] = lengths[previous]! + 1;
      // The entry's last byte is the first of what this code stands for, which may be the entry itself.
      let first = code === next ? previous : code;
      while (lengths[first]! > 1) first = prefixes[first]!;
      lasts[next++] = lasts[first]!;
      // One early: the encoder is an entry ahead of the decoder.
      if (next === (1 << width) - 1 && width < 12) width++;
    }
    let at = written + lengths[code]!;
    written = at;
    for (let entry = code; at > written - lengths[code]!; entry = prefixes[entry]!) {
      at--;
      if (at < size) result[at] = lasts[entry]!;
    }
    previous = code;
  }
  if (written < size) throw tooShort(written, size);
  return result;
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
  if (written < size) throw tooShort(written, size);
  return result;
}

function undoDifferences(
  block: Uint8Array,
  { bytesPerSample, rowSamples, pixelSamples, rows }: BlockLayout,
): void {
  const count = rows * rowSamples;
  const samples =
    bytesPerSample === 1
      ? block
      : bytesPerSample === 2
        ? new Uint16Array(block.buffer, block.byteOffset, count)
        : new Uint32Array(block.buffer, block.byteOffset, count);
  for (let row = 0; row < rows; row++) {
    const end = (row + 1) * rowSamples;
    for (let i = row * rowSamples + pixelSamples; i < end; i++) samples[i]! += samples[i - pixelSamples]!;
  }
}

/** One row: differences of bytes, which are grouped by significance, the most significant first. */
function undoFloatPrediction(
  row: Uint8Array,
  { bytesPerSample, rowSamples, pixelSamples }: BlockLayout,
): void {
  for (let i = pixelSamples; i < row.length; i++) row[i]! += row[i - pixelSamples]!;
  const grouped = row.slice();
  for (let sample = 0; sample < rowSamples; sample++) {
    for (let byte = 0; byte < bytesPerSample; byte++) {
      row[sample * bytesPerSample + byte] = grouped[(bytesPerSample - 1 - byte) * rowSamples + sample]!;
    }
  }
}
