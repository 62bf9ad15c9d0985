// Random numbers one after the other, from a stream of the engine's generator: what a simulated cell is made with. The
// same seed and names give the same numbers on every machine.

import { createGenerator } from "@proteoscope/engine";

export interface Draws {
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Uniform in the logarithm; both above 0. */
  logBetween(low: number, high: number): number;
  /** A whole number from low to high, both included. */
  whole(low: number, high: number): number;
  chance(probability: number): boolean;
  /** A standard normal number. */
  normal(): number;
  /** So many standard normal numbers. */
  normals(count: number): Float32Array;
}

const blockLength = 512;

/** A stream of its own for each list of names. */
export function createDraws(seed: number, ...names: readonly (string | number)[]): Draws {
  const generator = createGenerator(seed, ...names);
  const normalGenerator = createGenerator(seed, ...names, "normal");
  let uniforms = new Float32Array(0);
  let used = 0;
  let drawn = 0;
  let normalsDrawn = 0;
  const next = (): number => {
    if (used === uniforms.length) {
      uniforms = generator.uniform(blockLength, drawn);
      drawn += blockLength;
      used = 0;
    }
    return uniforms[used++]!;
  };
  const normals = (count: number): Float32Array => {
    const values = normalGenerator.normal(count, normalsDrawn);
    normalsDrawn += count;
    return values;
  };
  const between = (low: number, high: number) => low + (high - low) * next();
  return {
    between,
    logBetween: (low, high) => Math.exp(between(Math.log(low), Math.log(high))),
    whole: (low, high) => low + Math.floor((high - low + 1) * next()),
    chance: (probability) => next() < probability,
    normal: () => normals(1)[0]!,
    normals,
  };
}
