// Zstandard (RFC 8878) with a bound: the decoder writes into as many bytes as the caller allows and no more,
// whatever the frame's header promises. The decoder is zstddec, the reference implementation as WebAssembly,
// which is loaded before it is first needed and then works synchronously.

import type { ZSTDDecoder } from "zstddec";
import { FormatError } from "./errors.ts";

export interface ZstdOptions {
  /** Named in errors. */
  format: string;
  minBytes: number;
  maxBytes: number;
}

/** No frame expands further: a block of 4 bytes stands for at most 128 KiB. */
export const maxZstdRatio = 32_768;

const largestBytes = 256 * 2 ** 20; // its memory stays with the process, and beyond 1 GiB it fails

let decoder: ZSTDDecoder | undefined;

/** Loads the decoder; to be awaited before `decompressZstd`. */
export async function loadZstd(): Promise<void> {
  if (decoder !== undefined) return;
  const { ZSTDDecoder: Decoder } = await import("zstddec");
  const loaded = new Decoder();
  await loaded.init();
  decoder = loaded;
}

/** Decompresses whole frames. Throws FormatError when they are damaged or their length is out of bounds. */
export function decompressZstd(compressed: Uint8Array, options: ZstdOptions): Uint8Array {
  const { format, minBytes, maxBytes } = options;
  if (decoder === undefined)
    throw new FormatError(format, "zstd compression is read by openImage alone", {
      hint: "open it with openImage",
    });
  if (maxBytes > largestBytes)
    throw new FormatError(format, `a zstd block of ${maxBytes} bytes is too large`, {
      hint: "write it in smaller strips, tiles or chunks",
    });
  // The decoder gives nothing where the data is damaged or does not fit.
  const result = decoder.decode(compressed, Math.max(1, maxBytes));
  if (result.length === 0 || result.length < minBytes)
    throw new FormatError(format, `zstd data is damaged, or does not hold ${minBytes} bytes`);
  return result;
}
