import {
  bool,
  compile,
  f32,
  grad,
  i32,
  initializeWeights,
  type NdArray,
  type Runtime,
  trace,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JointEmbeddingConfig } from "./joint-embedding.ts";
import { triplet, tripletLoss, tripletMargin } from "./triplet.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const floats = (shape: readonly number[], ...values: number[]): NdArray => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(values),
});

const types = { images: f32(2, 2), negatives: f32(2, 2), proteins: f32(2, 2), weights: f32(2) };

async function lossOf(
  rows: Record<"images" | "negatives" | "proteins", readonly number[]>,
  weights: readonly number[],
  margin?: number,
) {
  const program = await compile(
    runtime,
    (_, { weights: counted, ...triplets }) => ({ loss: tripletLoss(triplets, { margin, weights: counted }) }),
    types,
    { weights: new Map() },
  );
  const { loss } = await program.run({
    images: floats([2, 2], ...rows.images),
    negatives: floats([2, 2], ...rows.negatives),
    proteins: floats([2, 2], ...rows.proteins),
    weights: floats([2], ...weights),
  });
  await program.close();
  return (loss.data as Float32Array)[0]!;
}

// Cosines with the protein: of the image 0.8 and 1, of the negative 0.6 and 0; what is missing to 0.3 is 0.1 and none.
const rows = { images: [8, 6, 0, 2], negatives: [3, 4, 1, 0], proteins: [1, 0, 0, 5] };

describe("the triplet loss", () => {
  it("is what is missing to the margin, whatever the lengths of the vectors", async () => {
    expect(tripletMargin).toBe(0.3);
    expect(await lossOf(rows, [1, 1])).toBeCloseTo(0.05, 5);
    expect(await lossOf(rows, [1, 1], 0.5)).toBeCloseTo(0.15, 5);
  });

  it("leaves out triplets without a negative", async () => {
    expect(await lossOf(rows, [1, 0])).toBeCloseTo(0.1, 5);
    expect(await lossOf(rows, [0, 1])).toBe(0);
    expect(await lossOf(rows, [0, 0])).toBe(0);
  });
});

describe("the triplet network", () => {
  const config: JointEmbeddingConfig = {
    proteinEmbeddingDims: 3,
    imageEmbeddingDims: 4,
    projectionDims: 4,
    dropout: 0,
    esmBottleneck: null,
  };
  const batch = {
    latents: f32(3, 4),
    sequence: f32(3, 2, 3),
    mask: bool(3, 2),
    negative: i32(3),
    weights: f32(3),
  };
  const wave = (shape: readonly number[]) =>
    floats(shape, ...Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.cos(2 * i)));

  it("sets each protein's image against the image that it is told", async () => {
    const { parameters } = trace((w, inputs) => ({ ...triplet(w, config, inputs) }), batch);
    const weights = initializeWeights(parameters, 1);
    const program = await compile(
      runtime,
      (w, inputs) => ({ ...triplet(w, config, inputs, { margin: 2 }) }), // above any difference of cosines
      batch,
      { weights },
    );
    const run = (...negative: number[]) =>
      program.run({
        ...{ latents: wave([3, 4]), sequence: wave([3, 2, 3]), weights: floats([3], 1, 1, 0) },
        mask: { dtype: "bool", shape: [3, 2], data: new Uint8Array(6).fill(1) },
        negative: { dtype: "int32", shape: [3], data: Int32Array.from(negative) },
      });
    const { images, proteins, loss } = await run(2, 0, 0);
    const [image, protein] = [images.data as Float32Array, proteins.data as Float32Array];
    const cosine = (i: number, j: number) =>
      [0, 1, 2, 3].reduce((sum, k) => sum + image[4 * i + k]! * protein[4 * j + k]!, 0);
    const missing = [cosine(2, 0) - cosine(0, 0) + 2, cosine(0, 1) - cosine(1, 1) + 2];
    expect((loss.data as Float32Array)[0]).toBeCloseTo((missing[0]! + missing[1]!) / 2, 5);
    const { loss: other } = await run(1, 0, 0);
    expect(other.data).not.toEqual(loss.data);
    await program.close();
  });

  it("is reached by its loss in every parameter, and has no temperature", () => {
    const { parameters, outputs } = trace((w, inputs) => ({ ...triplet(w, config, inputs) }), batch);
    expect(parameters.has("logit_scale")).toBe(false);
    const tensors = [...parameters.values()].map(({ tensor }) => tensor);
    expect(tensors.length).toBe(12);
    expect(grad(outputs.loss!, tensors).length).toBe(12);
  });
});
