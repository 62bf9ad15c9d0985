import { compile, f32, grad, type NdArray, type Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compartmentGroups, compartments } from "../data/atlas/compartments.ts";
import { wholeLoss } from "./localization-loss.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime();
});
afterAll(() => runtime.close());

const width = compartments.length;
const groups = compartmentGroups.length;
const array = (rows: number, columns: number, values: ArrayLike<number>): NdArray => ({
  dtype: "float32",
  shape: [rows, columns],
  data: Float32Array.from(values),
});

async function lossAndGradient(logits: number[], targets: number[], known: number[]) {
  const rows = logits.length / width;
  const program = await compile(
    runtime,
    (_, inputs) => {
      const loss = wholeLoss(inputs.logits, inputs.targets, inputs.known);
      return { loss, gradient: grad(loss, [inputs.logits])[0]! };
    },
    { logits: f32(rows, width), targets: f32(rows, groups), known: f32(rows, groups) },
    { weights: new Map() },
  );
  const { loss, gradient } = await program.run({
    logits: array(rows, width, logits),
    targets: array(rows, groups, targets),
    known: array(rows, groups, known),
  });
  await program.close();
  return { loss: (loss.data as Float32Array)[0]!, gradient: [...(gradient.data as Float32Array)] };
}

// -log(1 - product of (1 - p)) over the parts of the nucleus, in double precision.
function anyNucleus(logits: number[]): number {
  const absent = compartmentGroups[0]!.members.map(
    (name) => 1 / (1 + Math.exp(logits[compartments.indexOf(name)]!)),
  );
  return -Math.log(1 - absent.reduce((product, q) => product * q, 1));
}

describe("wholeLoss", () => {
  const logits = Array.from({ length: width }, (_, i) => Math.sin(i + 1));

  it("is -log P(any part) of a whole that the protein is in", async () => {
    const { loss, gradient } = await lossAndGradient(logits, [1, 0], [1, 0]);
    expect(loss).toBeCloseTo(anyNucleus(logits), 4);
    for (const [index, name] of compartments.entries()) {
      const isPart = compartmentGroups[0]!.members.includes(name);
      const step = 1e-4;
      const shifted = (by: number) =>
        anyNucleus(logits.map((value, i) => (i === index ? value + by : value)));
      const expected = isPart ? (shifted(step) - shifted(-step)) / (2 * step) : 0;
      expect(gradient[index], name).toBeCloseTo(expected, 4);
    }
  });

  it("is -log P(no part) of a whole that it is not in", async () => {
    const { loss } = await lossAndGradient(logits, [0, 0], [1, 0]);
    const parts = compartmentGroups[0]!.members.map((name) => logits[compartments.indexOf(name)]!);
    expect(loss).toBeCloseTo(
      parts.reduce((sum, logit) => sum + Math.log1p(Math.exp(logit)), 0),
      4,
    );
  });

  it("is 0 where nothing is known, and a mean over what is", async () => {
    expect((await lossAndGradient(logits, [1, 1], [0, 0])).loss).toBe(0);
    const twice = await lossAndGradient([...logits, ...logits], [1, 0, 1, 0], [1, 0, 1, 0]);
    expect(twice.loss).toBeCloseTo(anyNucleus(logits), 4);
  });

  it("stays finite where the network is confident and wrong", async () => {
    const { loss, gradient } = await lossAndGradient(Array(width).fill(-60), [1, 0], [1, 0]);
    expect(loss).toBeGreaterThan(10);
    expect([loss, ...gradient].every(Number.isFinite)).toBe(true);
  });
});
