// LZW as TIFF packs it (TIFF 6.0, section 13): codes of 9 to 12 bits, the most significant bit first, whose width
// grows one code early. The decoder is given the number of bytes that the data must hold and stops there.

import { FormatError } from "../errors.ts";

const clearCode = 256;
const endCode = 257;

/** Unpacks `size` bytes, or fewer where the data ends before. Throws FormatError for codes that cannot be. */
export function decodeLzw(packed: Uint8Array, size: number): Uint8Array {
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
      throw new FormatError("tiff", "LZW data is damaged");
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
  return result.subarray(0, Math.min(written, size));
}
