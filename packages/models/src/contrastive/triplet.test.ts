import { compile, f32, grad, type NdArray, type Runtime, trace } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tripletLoss, tripletMargin } from "./triplet.ts";

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

describe("the gradient of the triplet loss", () => {
  it("is zero where the margin is met", async () => {
    const program = await compile(
      runtime,
      (_, { weights: counted, ...triplets }) => {
        const [gradient] = grad(tripletLoss(triplets, { weights: counted }), [triplets.images]);
        return { gradient: gradient! };
      },
      types,
      { weights: new Map() },
    );
    const { gradient } = await program.run({
      images: floats([2, 2], ...rows.images),
      negatives: floats([2, 2], ...rows.negatives),
      proteins: floats([2, 2], ...rows.proteins),
      weights: floats([2], 1, 1),
    });
    await program.close();
    const [x, y, ...rest] = Array.from(gradient.data as Float32Array);
    // The first image is to turn towards its protein, to the right: a cosine knows no length.
    expect(8 * x! + 6 * y!).toBeCloseTo(0, 6);
    expect(x!).toBeLessThan(0);
    for (const value of rest) expect(value).toBeCloseTo(0, 9);
  });

  it("counts every triplet where no weights are given", () => {
    const { outputs } = trace(
      (_, { weights: _weights, ...triplets }) => ({ loss: tripletLoss(triplets) }),
      types,
    );
    expect(outputs.loss!.shape).toEqual([]);
  });
});
