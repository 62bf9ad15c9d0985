import { compile, f32, grad, type NdArray, type Runtime, sum } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { quantize, type VectorQuantizerConfig } from "./vector-quantizer.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const array = (shape: readonly number[], values: readonly number[]): NdArray => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(values),
});

const config: VectorQuantizerConfig = {
  numEmbeddings: 3,
  embeddingDim: 2,
  channelSplit: 1,
  commitmentCost: 0.25,
  softmaxlossCost: 0,
};
const codebook = array([3, 2], [0, 0, 1, 1, -2, 2]);
const codes = [
  [0, 0],
  [1, 1],
  [-2, 2],
] as const;

/** All that a quantiser returns, and the gradient of its loss, and that of the sum of its vectors. */
async function run(x: NdArray, changes: Partial<VectorQuantizerConfig> = {}) {
  const program = await compile(
    runtime,
    (w, inputs) => {
      const quantized = quantize(w, { ...config, ...changes }, inputs.x);
      const table = w.parameter("codebook.weight", [3, 2], { kind: "constant", value: 0 });
      const [toInput, toCodebook] = grad(quantized.loss, [inputs.x, table]);
      const [straight] = grad(sum(quantized.vectors), [inputs.x]);
      return { ...quantized, toInput: toInput!, toCodebook: toCodebook!, straight: straight! };
    },
    { x: f32(...x.shape) },
    { weights: new Map([["codebook.weight", codebook]]) },
  );
  const outputs = await program.run({ x });
  await program.close();
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { shape, data }]) => [
      name,
      { shape, values: Array.from(data as Float32Array, Number) },
    ]),
  ) as Record<keyof typeof outputs, { shape: readonly number[]; values: number[] }>;
}

function expectValues({ values }: { values: number[] }, expected: readonly number[]): void {
  expect(values).toHaveLength(expected.length);
  for (const [i, value] of values.entries()) expect(value).toBeCloseTo(expected[i]!, 6);
}

// One sample of 1x2: positions (0.2, 0.1) and (-1.5, 1.5).
const two = array([1, 2, 1, 2], [0.2, -1.5, 0.1, 1.5]);

describe("a vector quantiser", () => {
  it("puts the nearest code in place of each position", async () => {
    const { vectors, indices, histogram } = await run(two);
    expect(indices).toEqual({ shape: [1, 1, 1, 2], values: [0, 2] });
    expect(vectors.shape).toEqual([1, 2, 1, 2]);
    expectValues(vectors, [0, -2, 0, 2]);
    expect(histogram).toEqual({ shape: [1, 3], values: [1, 0, 1] });
  });

  it("draws codes to the positions they stand for, and positions to their codes at a quarter of the pull", async () => {
    const { codebookLoss, commitmentLoss, loss, toCodebook, toInput } = await run(two);
    const meanSquare = (0.2 ** 2 + 0.1 ** 2 + 0.5 ** 2 + 0.5 ** 2) / 4;
    expect(codebookLoss.values[0]).toBeCloseTo(meanSquare, 6);
    expect(commitmentLoss.values[0]).toBeCloseTo(meanSquare, 6);
    expect(loss.values[0]).toBeCloseTo(1.25 * meanSquare, 6);
    expectValues(toCodebook, [-0.1, -0.05, 0, 0, -0.25, 0.25]); // 2 (code - position) / 4
    expectValues(toInput, [0.025, 0.0625, 0.0125, -0.0625]);
  });

  it("lets the gradient of its vectors pass straight to its input", async () => {
    const { straight } = await run(two);
    expect(straight.values).toEqual([1, 1, 1, 1]);
  });

  it("counts the codes that are in even use as its perplexity", async () => {
    expect((await run(two)).perplexity.values[0]).toBeCloseTo(2, 5);
    const alike = array([2, 2, 1, 1], [1, 1, 1, 1]);
    expect((await run(alike)).perplexity.values[0]).toBeCloseTo(1, 5);
    const uneven = array([1, 2, 2, 2], [0, 0, 0, 1, 0, 0, 0, 1]); // three of code 0, one of code 1
    const entropy = -0.75 * Math.log(0.75) - 0.25 * Math.log(0.25);
    expect((await run(uneven)).perplexity.values[0]).toBeCloseTo(Math.exp(entropy), 5);
  });

  it("looks parts of a position up one by one where channels are split", async () => {
    // One position of four channels: (1, 1) and (-2, 2), so codes 1 and 2.
    const { vectors, indices, histogram } = await run(array([1, 4, 1, 1], [0.9, 1.1, -2.1, 2]), {
      channelSplit: 2,
    });
    expect(indices).toEqual({ shape: [1, 2, 1, 1], values: [1, 2] });
    expectValues(vectors, [...codes[1], ...codes[2]]);
    expect(histogram.values).toEqual([0, 1, 1]);
  });

  it("adds the cross-entropy of distances where it has a cost", async () => {
    const x = array([1, 2, 1, 1], [0.2, 0.1]);
    const { softmaxLoss, loss, codebookLoss } = await run(x, { softmaxlossCost: 2 });
    const distances = codes.map(([a, b]) => (0.2 - a) ** 2 + (0.1 - b) ** 2);
    const total = distances.reduce((sum, distance) => sum + Math.exp(-distance), 0);
    expect(softmaxLoss.values[0]).toBeCloseTo(distances[0]! + Math.log(total), 5);
    expect(loss.values[0]).toBeCloseTo(1.25 * codebookLoss.values[0]! + 2 * softmaxLoss.values[0]!, 5);
  });

  it("says which shape it cannot take", async () => {
    await expect(run(array([1, 3, 1, 1], [1, 2, 3]))).rejects.toThrow(
      /quantize: \[1, 3, 1, 1\] does not have 1 codes of 2 per position/,
    );
  });
});
