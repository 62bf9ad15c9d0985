import {
  bool,
  compile,
  f32,
  initializeWeights,
  type NdArray,
  type Runtime,
  trace,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EsmBottleneckConfig } from "../localization/bottleneck.ts";
import { type ProteinProjectionConfig, projectionHead, projectProteins } from "./projection.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const config: ProteinProjectionConfig = {
  proteinEmbeddingDims: 3,
  projectionDims: 5,
  dropout: 0.2,
  esmBottleneck: null,
};
const types = { sequence: f32("batch", "residues", 3), mask: bool("batch", "residues") };
const bottleneck: EsmBottleneckConfig = {
  ...{ hiddenSize: 4, numLayers: 1, numHeads: 2, feedForwardSize: 6, dropout: 0.1 },
  result: "full" as "full" | "token",
};

const tracedWith = (changes: Partial<ProteinProjectionConfig>, isTraining = false) =>
  trace(
    (w, inputs, random) => ({
      y: projectProteins(w, { ...config, ...changes }, inputs, isTraining ? { random } : {}),
    }),
    types,
  );

describe("a projection head", () => {
  it("has the original's parameters", () => {
    const { parameters, outputs } = trace(
      (w, { x }) => ({ y: projectionHead(w, x, 5, { rate: 0, name: "head" }) }),
      { x: f32("batch", 3) },
    );
    expect(outputs.y!.shape).toEqual(["batch", 5]);
    expect([...parameters].map(([name, { shape }]) => [name, shape])).toEqual([
      ["projection.weight", [5, 3]],
      ["projection.bias", [5]],
      ["fc.weight", [5, 5]],
      ["fc.bias", [5]],
      ["layer_norm.weight", [5]],
      ["layer_norm.bias", [5]],
    ]);
  });

  it("drops values in training alone", () => {
    const headWith = (isTraining: boolean) =>
      trace(
        (w, { x }, random) => {
          const source = isTraining ? { random } : {};
          return { y: projectionHead(w, x, 5, { rate: 0.2, name: "image", ...source }) };
        },
        { x: f32(2, 3) },
      );
    expect([...headWith(true).random.keys()]).toEqual(["image"]);
    expect([...headWith(false).random.keys()]).toEqual([]);
  });
});

describe("the projection of proteins", () => {
  /** One protein of two residues, and `padding` rows without a meaning. */
  async function project(padding: number, changes: Partial<ProteinProjectionConfig> = {}) {
    const weights = initializeWeights(tracedWith(changes).parameters, 7);
    const program = await compile(
      runtime,
      (w, inputs) => ({ y: projectProteins(w, { ...config, ...changes }, inputs) }),
      types,
      { weights },
    );
    const length = 2 + padding;
    const data = Float32Array.from({ length: 3 * length }, (_, i) => (i < 6 ? Math.sin(i) : 99));
    const sequence: NdArray = { dtype: "float32", shape: [1, length, 3], data };
    const mask: NdArray = {
      dtype: "bool",
      shape: [1, length],
      data: Uint8Array.from({ length }, (_, i) => (i < 2 ? 1 : 0)),
    };
    const { y } = await program.run({ sequence, mask });
    await program.close();
    return y.data as Float32Array;
  }

  it.each([
    ["without a bottleneck", {}],
    ["with one", { esmBottleneck: bottleneck }],
  ])("depends on no padding, %s", async (_, changes) => {
    const [alone, padded] = [await project(0, changes), await project(3, changes)];
    expect(alone.some((value) => Math.abs(value) > 0.1)).toBe(true);
    for (const [i, value] of alone.entries()) expect(padded[i]).toBeCloseTo(value, 5);
  });

  it("names the parameters of bottleneck and head apart", () => {
    const plain = [...tracedWith({}).parameters.keys()];
    expect(plain.every((name) => name.startsWith("protein_projection."))).toBe(true);
    const { parameters, random } = tracedWith({ esmBottleneck: bottleneck }, true);
    expect(parameters.get("protein_projection.projection.weight")!.shape).toEqual([5, 4]);
    expect([...parameters.keys()].filter((name) => !plain.includes(name)).length).toBeGreaterThan(10);
    expect([...parameters.keys()].every((name) => /^(protein_projection|esm_bottleneck)\./.test(name))).toBe(
      true,
    );
    expect(random.has("protein")).toBe(true);
  });
});
