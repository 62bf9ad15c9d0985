import { compile, f32, grad, i64, type NdArray, type Runtime, type Tensor } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalizationLossOptions, localizationLoss, maskedTokenLoss } from "./loss.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const floats = (shape: number[], values: number[]): NdArray => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(values),
});
const integers = (shape: number[], values: number[]): NdArray => ({
  dtype: "int64",
  shape,
  data: BigInt64Array.from(values, BigInt),
});

const withGradient = (loss: Tensor, logits: Tensor) => ({ loss, gradient: grad(loss, [logits])[0]! });
const logSumExp = (values: number[]) => Math.log(values.reduce((total, value) => total + Math.exp(value), 0));
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

describe("maskedTokenLoss", () => {
  async function run(logits: NdArray, labels: NdArray): Promise<{ loss: number; gradient: number[] }> {
    const program = await compile(
      runtime,
      (_, inputs) => withGradient(maskedTokenLoss(inputs.logits, inputs.labels), inputs.logits),
      { logits: f32(...logits.shape), labels: i64(...labels.shape) },
      { weights: new Map() },
    );
    const { loss, gradient } = await program.run({ logits, labels });
    await program.close();
    return { loss: Number(loss.data[0]), gradient: Array.from(gradient.data, Number) };
  }
  const rows = [
    [1, 2, 0.5],
    [-1, 0, 3],
    [0.2, 0.1, 0],
    [4, 4, 4],
  ];
  const logits = floats([2, 2, 3], rows.flat());

  it("is the mean over the tokens that are asked for", async () => {
    const { loss, gradient } = await run(logits, integers([2, 2], [1, -1, -100, 0]));
    expect(loss).toBeCloseTo((logSumExp(rows[0]!) - 2 + (logSumExp(rows[3]!) - 4)) / 2, 5);
    expect(gradient.slice(3, 9)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(gradient[1]).toBeCloseTo((Math.exp(2 - logSumExp(rows[0]!)) - 1) / 2, 5);
  });

  it("is zero, with no gradient, where nothing is asked", async () => {
    const { loss, gradient } = await run(logits, integers([2, 2], [-1, -1, -1, -1]));
    expect(loss).toBeCloseTo(0);
    expect(gradient.every((value) => Math.abs(value) === 0)).toBe(true);
  });
});

describe("localizationLoss", () => {
  async function run(known: number[], options: LocalizationLossOptions = {}) {
    const program = await compile(
      runtime,
      (_, inputs) =>
        withGradient(localizationLoss(inputs.logits, inputs.targets, inputs.known, options), inputs.logits),
      { logits: f32(2, 2), targets: f32(2, 2), known: f32(2, 2) },
      { weights: new Map() },
    );
    const { loss, gradient } = await program.run({
      logits: floats([2, 2], [0.3, -2, 1, 60]),
      targets: floats([2, 2], [1, 0, 0, 1]),
      known: floats([2, 2], known),
    });
    await program.close();
    return { loss: Number(loss.data[0]), gradient: Array.from(gradient.data, Number) };
  }
  const terms = [-Math.log(sigmoid(0.3)), -Math.log(1 - sigmoid(-2)), -Math.log(1 - sigmoid(1)), 0];

  it("is the mean over the labels that are known", async () => {
    const { loss, gradient } = await run([1, 1, 1, 0]);
    expect(loss).toBeCloseTo((terms[0]! + terms[1]! + terms[2]!) / 3, 5);
    expect(gradient[0]).toBeCloseTo((sigmoid(0.3) - 1) / 3, 5);
    expect(gradient[3]).toBeCloseTo(0);
  });

  it("weighs labels, and proteins that have a label", async () => {
    const { loss } = await run([1, 1, 1, 1], { classWeights: [2, 0.5], positiveWeights: [3, 4] });
    const weights = [2 * 3, 0.5, 2, 0.5 * 4];
    const expected = terms.reduce((total, term, index) => total + term * weights[index]!, 0);
    expect(loss).toBeCloseTo(expected / weights.reduce((a, b) => a + b), 5);
  });

  it("is zero, with no gradient, where no label is known", async () => {
    const { loss, gradient } = await run([0, 0, 0, 0]);
    expect(loss).toBe(0);
    expect(gradient.every((value) => Math.abs(value) === 0)).toBe(true);
  });
});
