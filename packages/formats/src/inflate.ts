// Deflate with a bound: the output grows with what the stream really holds and stops at `maxBytes`, so that
// neither a header's promise nor a compression bomb decides how much memory and time is spent.
// RFC 1951 (raw) and RFC 1950 (zlib); the decoder is fflate's.

import { Inflate, Unzlib } from "fflate";
import { concatenateBytes } from "./bytes.ts";
import { FormatError, refuseOnThrow } from "./errors.ts";

export interface InflateOptions {
  /** Named in errors. */
  format: string;
  wrapper: "raw" | "zlib";
  /** Fewer than this is an error: fflate does not detect a stream that is cut short. */
  minBytes: number;
  maxBytes: number;
}

/** No deflate stream expands further: 258 bytes from a two-bit match (zlib, "Technical Details"). */
export const maxDeflateRatio = 1032;

const stepBytes = 4096;

/** Inflates a whole stream. Throws FormatError when it is damaged or its length out of bounds. */
export function inflateBounded(compressed: Uint8Array, options: InflateOptions): Uint8Array {
  const { format, wrapper, minBytes, maxBytes } = options;
  const chunks: Uint8Array[] = [];
  let length = 0;
  const collect = (chunk: Uint8Array): void => {
    length += chunk.length;
    if (length > maxBytes) throw new FormatError(format, `compressed data expands beyond ${maxBytes} bytes`);
    if (chunk.length > 0) chunks.push(chunk);
  };
  const stream = wrapper === "raw" ? new Inflate(collect) : new Unzlib(collect);
  refuseOnThrow(format, "compressed data is damaged", () => {
    for (let start = 0; start < compressed.length || start === 0; start += stepBytes) {
      stream.push(compressed.subarray(start, start + stepBytes), start + stepBytes >= compressed.length);
    }
  });
  if (length < minBytes)
    throw new FormatError(format, `compressed data holds ${length} of ${minBytes} bytes`);
  return chunks.length === 1 ? chunks[0]! : concatenateBytes(chunks);
}
