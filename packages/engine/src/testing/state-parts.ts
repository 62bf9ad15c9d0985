/**
 * A session for tests that reads and writes parts of flat states, each as a matrix or a vector of its own.
 */
import { emitOnnx } from "../onnx/emit.ts";
import { add } from "../ops/elementwise.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { input } from "../tensor.ts";
import { array, numbers } from "./evaluate.ts";

/** Reads the state "sums" after two runs that add 1 and 2 to its matrix, and 10 times "steps" to its vector. */
export async function sumsAfterTwoRuns(runtime: Runtime): Promise<number[]> {
  const leaf = (name: string, ...shape: number[]) => input(name, { dtype: "float32", shape });
  const [x, matrix, vector, steps] = [leaf("x"), leaf("matrix", 2, 2), leaf("vector", 3), leaf("steps", 3)];
  const model = emitOnnx({
    inputs: new Map(Object.entries({ x, matrix, vector, steps })),
    outputs: new Map([
      ["next.vector", add(vector, steps)],
      ["next.matrix", add(matrix, x)],
    ]),
  });
  const [ofMatrix, ofVector] = [
    { state: "sums", offset: 0, shape: [2, 2] },
    { state: "sums", offset: 4, shape: [3] },
  ];
  await runtime.setState("sums", array([7], [0, 1, 2, 3, 4, 5, 6]));
  await runtime.setState("steps", array([5], [-1, 10, 20, 30, -1]));
  const session = await runtime.load(model, {
    reads: ["matrix", "vector", "steps"],
    writes: { "next.vector": "sums", "next.matrix": "sums" },
    parts: {
      ...{ matrix: ofMatrix, vector: ofVector, "next.matrix": ofMatrix, "next.vector": ofVector },
      steps: { state: "steps", offset: 1, shape: [3] },
    },
  });
  for (const value of [1, 2]) await session.run({ x: array([], [value]) });
  await session.close();
  return numbers(await runtime.getState("sums"));
}

/** The state that must come back. */
export const expectedSums = [3, 4, 5, 6, 24, 45, 66];
