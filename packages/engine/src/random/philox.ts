/**
 * Philox 4x32-10: four random words as a pure function of a counter and a key (Salmon et al. 2011, "Parallel random
 * numbers: as easy as 1, 2, 3"). There is no state, so any part of any stream can be computed alone and on any device.
 */

const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;
const rounds = 10;

/** A counter of 128 bits, the least significant word first. */
export type Counter = readonly [number, number, number, number];
/** A key of 64 bits, the least significant word first. */
export type Key = readonly [number, number];

/** Writes the four words of one counter to `out` at `position`; words beyond its end are dropped. */
export function philox(counter: Counter, key: Key, out: Uint32Array, position = 0): void {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < rounds; round++) {
    const high0 = multiplyHigh(multiplier0, c0);
    const high1 = multiplyHigh(multiplier1, c2);
    const low0 = Math.imul(multiplier0, c0);
    c0 = high1 ^ c1 ^ k0;
    c1 = Math.imul(multiplier1, c2);
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + weyl0) | 0;
    k1 = (k1 + weyl1) | 0;
  }
  out[position] = c0;
  out[position + 1] = c1;
  out[position + 2] = c2;
  out[position + 3] = c3;
}

/** Computes the upper 32 bits of the 64-bit product of two unsigned words, from products of their halves. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16); // below 2^32
  const other = aLow * bHigh + (middle & 0xffff); // below 2^32
  return (aHigh * bHigh + (middle >>> 16) + (other >>> 16)) | 0;
}
