import {
  compile,
  f32,
  float32,
  initializeWeights,
  type NdArray,
  type Runtime,
  trace,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sequenceCondition } from "./sequence-tokens.ts";

const types = { representation: f32("batch", "tokens", 3), compartmentLogits: f32("batch", 2) };
const declared = trace((w, inputs) => ({ y: sequenceCondition(w, inputs) }), types);
const representation = float32([1, 2, 3], Float32Array.of(1, 2, 3, 5, 6, 7));
const compartmentLogits = float32([1, 2], Float32Array.of(3, -1));

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

async function conditionWith(changes: Record<string, number[]>): Promise<number[]> {
  const weights = new Map<string, NdArray>(initializeWeights(declared.parameters, 0));
  for (const [name, values] of Object.entries(changes))
    weights.set(name, float32(declared.parameters.get(name)!.shape, Float32Array.from(values)));
  const program = await compile(runtime, (w, inputs) => ({ y: sequenceCondition(w, inputs) }), types, {
    weights,
  });
  const { y } = await program.run({ representation, compartmentLogits });
  await program.close();
  return [...(y.data as Float32Array)];
}

describe("sequenceCondition", () => {
  it("is the representation itself until something was measured", async () => {
    expect(await conditionWith({})).toEqual([1, 2, 3, 5, 6, 7]);
  });

  it("brings residues to zero mean and unit deviation", async () => {
    const measured = { "residues.mean": [3, 4, 5], "residues.deviation": [2, 1, 4] };
    expect(await conditionWith(measured)).toEqual([-1, -2, -0.5, 1, 2, 0.5]);
  });

  it("adds standardised logits to every residue along their directions", async () => {
    const measured = {
      "compartments.mean": [1, 1],
      "compartments.deviation": [2, 4],
      "compartments.directions": [10, 0, 0, 0, 100, 0],
    };
    // (3 - 1) / 2 = 1 of the first, (-1 - 1) / 4 = -0.5 of the second
    expect(await conditionWith(measured)).toEqual([11, -48, 3, 15, -44, 7]);
  });
});
