// Damage for tests: a file with a few bytes changed, cut off, doubled or put in, by a seed. Readers of this
// package must either read such a file or refuse it with a FormatError.

import { concatenateBytes } from "../bytes.ts";
import { FormatError } from "../errors.ts";
import { cpuTimeMs } from "./cpu-time.ts";

/** One damaged copy of `bytes`, the same for the same seed. */
export function mutateBytes(bytes: Uint8Array, seed: number): Uint8Array {
  const next = randomIntegers(seed);
  let result = new Uint8Array(bytes);
  const edits = 1 + next(4);
  for (let edit = 0; edit < edits && result.length > 0; edit++) {
    const at = next(result.length);
    switch (next(7)) {
      case 0:
        result[at] = next(256);
        break;
      case 1:
        result[at] = result[at]! ^ (1 << next(8));
        break;
      case 2:
        result.fill([0, 0xff, 0x7f, 0x80][next(4)]!, at, at + 1 + next(8));
        break;
      case 3:
        result = new Uint8Array(result.subarray(0, at));
        break;
      case 4:
        result = concatenateBytes([result.subarray(0, at), result.subarray(at + 1 + next(16))]);
        break;
      case 5:
        result = concatenateBytes([result.subarray(0, at), result.subarray(Math.max(0, at - 1 - next(16)))]);
        break;
      default:
        result.copyWithin(at, next(result.length), next(result.length));
    }
  }
  return result;
}

/**
 * Reads `count` damaged copies and throws on the first that ends in anything but a result or a FormatError,
 * or takes more than `limitMs` of processor time. Returns how many were read and how many refused.
 */
export async function readMutated(
  bytes: Uint8Array,
  count: number,
  read: (damaged: Uint8Array) => unknown,
  limitMs = 2000,
): Promise<{ read: number; refused: number }> {
  const outcome = { read: 0, refused: 0 };
  for (let seed = 1; seed <= count; seed++) {
    const start = cpuTimeMs();
    try {
      await read(mutateBytes(bytes, seed));
      outcome.read++;
    } catch (error) {
      if (!(error instanceof FormatError))
        throw new Error(`seed ${seed} ended in ${error}`, { cause: error });
      outcome.refused++;
    }
    const elapsedMs = cpuTimeMs() - start;
    if (elapsedMs > limitMs) throw new Error(`seed ${seed} took ${Math.round(elapsedMs)} ms`);
  }
  return outcome;
}

/** mulberry32: integers in [0, bound). */
function randomIntegers(seed: number): (bound: number) => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return Math.floor((((word ^ (word >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
}
