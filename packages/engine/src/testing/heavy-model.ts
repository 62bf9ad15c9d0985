/**
 * A model for tests that takes long or much memory, as its sizes say, and arrays to feed it.
 */
import { compile, type Program } from "../compile.ts";
import { sum } from "../ops/broadcast.ts";
import { matmul } from "../ops/matmul.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { float32, type NdArray } from "../tensor.ts";
import { f32 } from "../trace.ts";

/** Compiles the sum of x [rows, size] times a weight [size, size], `rounds` times: 2 rounds rows size^2 operations. */
export function compileProducts(runtime: Runtime, size: number, rounds: number): Promise<Program<"x", "y">> {
  const weights = new Map([["weight", float32([size, size], new Float32Array(size * size).fill(1 / size))]]);
  return compile(
    runtime,
    (w, { x }) => {
      const weight = w.parameter("weight", [size, size], { kind: "constant", value: 0 });
      let y = x;
      for (let i = 0; i < rounds; i++) y = matmul(y, weight);
      return { y: sum(y) };
    },
    { x: f32("rows", size) },
    { weights },
  );
}

/** Makes an array of ones. */
export function onesOf(...shape: number[]): NdArray {
  return float32(shape, new Float32Array(shape.reduce((count, size) => count * size, 1)).fill(1));
}
