// LZ4 blocks (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md), decoded into as many bytes as the caller
// knows them to hold. Own code: numcodecs' build of the C library gives whatever lies in memory for damaged blocks.

import { FormatError } from "../errors.ts";

const shortestMatch = 4;

/** Decodes a block of exactly `size` bytes. Throws FormatError. */
export function decodeLz4Block(block: Uint8Array, size: number): Uint8Array {
  const result = new Uint8Array(size);
  let read = 0;
  let written = 0;
  const readLength = (first: number): number => {
    let length = first;
    for (let byte = first === 15 ? 255 : 0; byte === 255; length += byte) {
      if (read >= block.length) throw damaged();
      byte = block[read++]!;
    }
    return length;
  };
  while (read < block.length) {
    const token = block[read++]!;
    const literals = readLength(token >> 4);
    if (read + literals > block.length || written + literals > size) throw damaged();
    result.set(block.subarray(read, read + literals), written);
    read += literals;
    written += literals;
    if (read === block.length) break; // the last sequence has no match
    if (read + 2 > block.length) throw damaged();
    const distance = block[read]! | (block[read + 1]! << 8);
    read += 2;
    const length = readLength(token & 15) + shortestMatch;
    if (distance === 0 || distance > written || written + length > size) throw damaged();
    copyMatch(result, written, distance, length);
    written += length;
  }
  if (written !== size) throw damaged();
  return result;
}

/** Repeats what stands `distance` bytes before; the two may overlap. */
export function copyMatch(bytes: Uint8Array, at: number, distance: number, length: number): void {
  if (distance >= length) bytes.copyWithin(at, at - distance, at - distance + length);
  else for (let i = at; i < at + length; i++) bytes[i] = bytes[i - distance]!;
}

function damaged(): FormatError {
  return new FormatError("zarr", "LZ4 data is damaged");
}
