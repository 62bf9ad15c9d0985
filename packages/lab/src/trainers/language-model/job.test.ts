import { compile, f32, grad, type NdArray, type Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compartmentGroups, compartments } from "../../data/atlas/compartments.ts";
import { writeAtlas } from "../../testing/atlas-fixture.ts";
import { readSequences, wholeLoss } from "./job.ts";

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

  it("asks for any part of a whole that is there", async () => {
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

  it("asks for the absence of every part of a whole that is not", async () => {
    const { loss } = await lossAndGradient(logits, [0, 0], [1, 0]);
    const parts = compartmentGroups[0]!.members.map((name) => logits[compartments.indexOf(name)]!);
    expect(loss).toBeCloseTo(
      parts.reduce((sum, logit) => sum + Math.log1p(Math.exp(logit)), 0),
      4,
    );
  });

  it("says nothing where nothing is known, and is a mean over what is", async () => {
    expect((await lossAndGradient(logits, [1, 1], [0, 0])).loss).toBe(0);
    const twice = await lossAndGradient([...logits, ...logits], [1, 0, 1, 0], [1, 0, 1, 0]);
    expect(twice.loss).toBeCloseTo(anyNucleus(logits), 4);
  });

  it("stays finite where the network is certain and wrong", async () => {
    const { loss, gradient } = await lossAndGradient(Array(width).fill(-60), [1, 0], [1, 0]);
    expect(loss).toBeGreaterThan(10);
    expect([loss, ...gradient].every(Number.isFinite)).toBe(true);
  });
});

describe("readSequences", () => {
  it("keeps the held-out partition, calibration and training apart, each protein once", async () => {
    const atlas = await writeAtlas();
    const splits = await readSequences(atlas.path);
    const other = await readSequences(atlas.path, { testPartition: 0, calibrationPartition: 1 });
    await atlas.remove();
    const partitionsOf = (split: "test" | "calibration") =>
      new Set(other.get(split)!.map(({ partition }) => partition));
    expect([partitionsOf("test"), partitionsOf("calibration")]).toEqual([new Set([0]), new Set([1])]);
    expect(splits.get("train")).toHaveLength(12 + 36);
    expect(splits.get("calibration")).toHaveLength(12);
    expect(splits.get("test")).toHaveLength(12);
    const ids = [...splits.values()].flat().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
