// How long a picture of CELL-Diff will take, said before it is begun: the arithmetic of the network, over the speed of this
// machine in a matrix product.

import { compile, f32, float32, matmul, type Runtime } from "@proteoscope/engine";

/** Arithmetic of drawings of one protein. */
export interface CellDiffWork {
  readonly tokens: number;
  readonly pictures: number;
  readonly steps: number;
}

/** Floating-point operations of one step at 256 pixels for a sequence of so many tokens. */
export function operationsPerStep(tokens: number): number {
  return (0.775 + 0.000503 * tokens) * 1e12;
}

/** Operations of ESM2's 650 million parameters for a token. */
const operationsPerToken = 2 * 651e6;

/** Seconds of the work at a speed in operations per second, of which the network is assumed to reach half. */
export function estimateSeconds({ tokens, pictures, steps }: CellDiffWork, speed: number): number {
  const reached = 0.5 * speed;
  return (pictures * steps * operationsPerStep(tokens) + tokens * operationsPerToken) / reached;
}

const side = 1024;
const runs = 3;

/** Operations per second of a runtime in the product of two matrices: the fastest of some runs. */
export async function measureSpeed(runtime: Runtime): Promise<number> {
  const program = await compile(
    runtime,
    (_, { a, b }) => ({ y: matmul(a, b) }),
    { a: f32(side, side), b: f32(side, side) },
    { weights: new Map() },
  );
  const matrix = float32([side, side], new Float32Array(side * side).fill(0.5));
  try {
    let fastest = Number.POSITIVE_INFINITY;
    for (let run = 0; run <= runs; run += 1) {
      const start = performance.now();
      await program.run({ a: matrix, b: matrix });
      if (run > 0) fastest = Math.min(fastest, performance.now() - start);
    }
    return (2 * side ** 3) / (fastest / 1000);
  } finally {
    await program.close();
  }
}
