// Joining byte arrays: readers and writers collect their parts first and join them once, so that every byte is
// copied a single time and the final length is known before anything is allocated.

/** One array of all parts, in order. */
export function concatenateBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}
