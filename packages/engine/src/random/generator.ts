/**
 * Random numbers by name, where a stream is a pure function of a seed and names, the same on every device and engine.
 *
 *     const noise = createGenerator(seed, "step", 17, "noise").normal(4 * 25 * 25);
 *
 * The seed is Philox's 64-bit key. The upper half of its 128-bit counter is the FNV-1a hash of the names written as
 * JSON, the lower half counts blocks of four words, so that streams of one seed never overlap. Nothing has state: a
 * call repeated gives the same numbers, and numbers further on are reached by `offset` or by another name.
 */
import { normalPair } from "./normal.ts";
import { type Key, philox } from "./philox.ts";

/**
 * A stream of random numbers; `offset` skips numbers of the stream.
 *
 * @throws RangeError for a count or bound outside its range.
 */
export interface RandomGenerator {
  /** Gives the numbers `offset` to `offset + count` of the stream, uniform in [0, 1), multiples of 2^-24. */
  uniform(count: number, offset?: number): Float32Array<ArrayBuffer>;
  /** Gives standard normal numbers. */
  normal(count: number, offset?: number): Float32Array<ArrayBuffer>;
  /** Gives integers uniform in [0, below), below at most 2^53; the bias is under below / 2^53. */
  integers(count: number, below: number, offset?: number): Float64Array<ArrayBuffer>;
  /** Gives the integer of the stream at `offset`. */
  integer(below: number, offset?: number): number;
  /** Gives the numbers 0 to count - 1 in random order (Fisher & Yates). */
  shuffle(count: number): Uint32Array<ArrayBuffer>;
}

/**
 * Opens the stream of a seed and names by Philox 4x32-10 (Salmon et al. 2011).
 *
 * @throws RangeError for a seed that is no safe integer or bigint.
 */
export function createGenerator(
  seed: number | bigint,
  ...names: readonly (string | number)[]
): RandomGenerator {
  if (typeof seed === "number" && !Number.isSafeInteger(seed))
    throw new RangeError(`random: the seed must be an integer, got ${seed}; give a bigint for 64 bits`);
  const key = wordsOf(BigInt(seed));
  const stream = wordsOf(hash(JSON.stringify(names)));
  const words = (count: number, offset: number) => streamWords(key, stream, count, offset);

  const uniform = (count: number, offset = 0) => {
    checkRange(count, offset);
    const source = words(count, offset);
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = (source[i]! >>> 8) * 2 ** -24;
    return values;
  };
  const normal = (count: number, offset = 0) => {
    checkRange(count, offset);
    const skipped = offset % 2;
    const pairs = Math.ceil((count + skipped) / 2);
    const source = words(2 * pairs, offset - skipped);
    const values = new Float32Array(2 * pairs);
    for (let i = 0; i < values.length; i += 2) normalPair(source[i]!, source[i + 1]!, values, i);
    return values.slice(skipped, skipped + count);
  };
  const integers = (count: number, below: number, offset = 0) => {
    checkRange(count, offset);
    checkBelow(below);
    const source = words(2 * count, 2 * offset);
    return Float64Array.from({ length: count }, (_, i) => scale(source[2 * i]!, source[2 * i + 1]!, below));
  };
  const integer = (below: number, offset = 0) => integers(1, below, offset)[0]!;
  const shuffle = (count: number) => {
    checkRange(count, 0);
    const source = words(2 * count, 0);
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const other = scale(source[2 * i]!, source[2 * i + 1]!, i + 1);
      const value = order[i]!;
      order[i] = order[other]!;
      order[other] = value;
    }
    return order;
  };
  return { uniform, normal, integers, integer, shuffle };
}

function streamWords(key: Key, stream: Key, count: number, offset: number): Uint32Array<ArrayBuffer> {
  const first = Math.floor(offset / 4);
  const skipped = offset % 4;
  const all = new Uint32Array(skipped + count);
  for (let position = 0; position < all.length; position += 4) {
    const block = first + position / 4;
    philox([block >>> 0, Math.floor(block / 2 ** 32), ...stream], key, all, position);
  }
  return skipped === 0 ? all : all.slice(skipped);
}

/** Computes floor(u * below) for the u in [0, 1) of two words' upper 53 bits; rounding never reaches `below`. */
function scale(high: number, low: number, below: number): number {
  return Math.floor((high * 2 ** 21 + (low >>> 11)) * 2 ** -53 * below);
}

/** Hashes text by FNV-1a, 64 bits, over UTF-8 (Fowler, Noll & Vo). */
function hash(text: string): bigint {
  let value = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text))
    value = BigInt.asUintN(64, (value ^ BigInt(byte)) * 0x100000001b3n);
  return value;
}

function wordsOf(value: bigint): Key {
  return [Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n))];
}

function checkRange(count: number, offset: number): void {
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;
  if (!isCount(count) || !isCount(offset))
    throw new RangeError(`random: count and offset must be integers from 0, got ${count} and ${offset}`);
}

function checkBelow(below: number): void {
  if (!Number.isInteger(below) || below < 1 || below > 2 ** 53)
    throw new RangeError(`random: the bound of integers must be from 1 to 2^53, got ${below}`);
}
