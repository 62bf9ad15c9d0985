// The order of pixels in the store of a data set: plane by plane, so that one channel is one range of bytes, where a renderer
// has pixel by pixel.

/** [N, N, 3] as [3, N, N]. */
export function planarOf(bytes: Uint8Array): Uint8Array {
  const plane = bytes.length / 3;
  return Uint8Array.from(bytes, (_, at) => bytes[3 * (at % plane) + Math.floor(at / plane)]!);
}
