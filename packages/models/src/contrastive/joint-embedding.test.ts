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
import {
  type JointEmbeddingConfig,
  jointEmbedding,
  jointEmbeddingDefaults,
  projectImages,
  unitRows,
} from "./joint-embedding.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const config: JointEmbeddingConfig = {
  proteinEmbeddingDims: 3,
  imageEmbeddingDims: 8,
  projectionDims: 4,
  dropout: 0.3,
  esmBottleneck: null,
};

const wave = (...shape: number[]): NdArray => ({
  dtype: "float32",
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1.3 * i)),
});

describe("unit rows", () => {
  it("have length 1, and zeros stay zeros", async () => {
    const program = await compile(
      runtime,
      (_, { x }) => ({ y: unitRows(x) }),
      { x: f32("rows", 2) },
      { weights: new Map() },
    );
    const x: NdArray = { dtype: "float32", shape: [3, 2], data: Float32Array.of(3, 4, 0, 0, -0.001, 0) };
    const { y } = await program.run({ x });
    await program.close();
    const expected = [0.6, 0.8, 0, 0, -1, 0];
    for (const [i, value] of (y.data as Float32Array).entries()) expect(value).toBeCloseTo(expected[i]!, 5);
  });
});

describe("the joint embedding", () => {
  const types = {
    latents: f32("images", 2, 2, 2),
    sequence: f32("images", "residues", 3),
    mask: bool("images", "residues"),
  };
  const { parameters, random } = trace(
    (w, inputs, source) => ({ ...jointEmbedding(w, config, inputs, { random: source }) }),
    types,
  );

  it("gives images and proteins one length, each by a head of its own", async () => {
    expect([...new Set([...parameters.keys()].map((name) => name.split(".")[0]))].sort()).toEqual([
      "image_projection",
      "protein_projection",
    ]);
    expect([...random.keys()].sort()).toEqual(["image", "protein"]);
    const weights = initializeWeights(parameters, 3);
    const program = await compile(runtime, (w, inputs) => ({ ...jointEmbedding(w, config, inputs) }), types, {
      weights,
    });
    const mask: NdArray = { dtype: "bool", shape: [2, 3], data: Uint8Array.of(1, 1, 1, 1, 0, 0) };
    const { images, proteins } = await program.run({
      latents: wave(2, 2, 2, 2),
      sequence: wave(2, 3, 3),
      mask,
    });
    await program.close();
    for (const { shape, data } of [images, proteins]) {
      expect(shape).toEqual([2, 4]);
      const values = data as Float32Array;
      for (const row of [values.slice(0, 4), values.slice(4)]) expect(Math.hypot(...row)).toBeCloseTo(1, 5);
    }
  });

  it("takes latents as a vector too, and refuses those of another size", () => {
    const project = (...shape: number[]) =>
      trace((w, { latents }) => ({ y: projectImages(w, config, latents) }), { latents: f32(1, ...shape) });
    expect([...project(8).parameters].map(([, { shape }]) => shape)).toEqual(
      [...project(2, 2, 2).parameters].map(([, { shape }]) => shape),
    );
    expect(() => project(2, 2, 3)).toThrow(/latents \[1, 2, 2, 3\] do not have 8 values per image/);
  });

  it("has the original's sizes by default", () => {
    expect(jointEmbeddingDefaults).toEqual({
      ...{ proteinEmbeddingDims: 2560, imageEmbeddingDims: 2500, projectionDims: 1024 },
      ...{ dropout: 0.2, esmBottleneck: null },
    });
  });
});
