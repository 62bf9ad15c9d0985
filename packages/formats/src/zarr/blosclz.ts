// BloscLZ, the compression that Blosc has of its own, a descendant of FastLZ (c-blosc 1.21, blosclz.c), decoded into
// as many bytes as the caller knows them to hold.

import { FormatError } from "../errors.ts";
import { copyMatch } from "./lz4.ts";

const shortestMatch = 3;
const nearest = 8191; // distances beyond it take two bytes more

/** Decodes exactly `size` bytes. Throws FormatError. */
export function decodeBloscLz(packed: Uint8Array, size: number): Uint8Array {
  const result = new Uint8Array(size);
  let read = 0;
  let written = 0;
  const next = (): number => {
    if (read >= packed.length) throw damaged();
    return packed[read++]!;
  };
  for (let control = next() & 31; ; control = next()) {
    if (control < 32) {
      const literals = control + 1;
      if (read + literals > packed.length || written + literals > size) throw damaged();
      result.set(packed.subarray(read, read + literals), written);
      read += literals;
      written += literals;
    } else {
      let length = (control >> 5) - 1 + shortestMatch;
      if (control >> 5 === 7) for (let more = 255; more === 255; length += more) more = next();
      const low = next();
      let distance = ((control & 31) << 8) + low + 1;
      if (low === 255 && (control & 31) === 31) distance = ((next() << 8) | next()) + nearest + 1;
      if (distance > written || written + length > size) throw damaged();
      copyMatch(result, written, distance, length);
      written += length;
    }
    if (read === packed.length) break;
  }
  if (written !== size) throw damaged();
  return result;
}

function damaged(): FormatError {
  return new FormatError("zarr", "BloscLZ data is damaged");
}
