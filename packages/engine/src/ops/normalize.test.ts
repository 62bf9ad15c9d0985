import { describe, expect, test } from "vitest";
import { input } from "../tensor.ts";
import { evaluate, numbers, random } from "../testing/evaluate.ts";
import { expectGradients } from "../testing/finite-differences.ts";
import { mul } from "./elementwise.ts";
import { batchNormEval, batchNormTrain, groupNorm, layerNorm } from "./normalize.ts";

const symbol = (...shape: (number | string)[]) => input("x", { dtype: "float32", shape });

function statistics(values: readonly number[]): { mean: number; variance: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, variance: values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length };
}

describe("layerNorm", () => {
  const x = random([2, 3, 5], 1, -2, 3);
  const scale = random([5], 2, 0.5, 1.5);
  const bias = random([5], 3);

  test("has the values of its definition", async () => {
    const [y] = await evaluate((a, b, c) => [layerNorm(a, b, c, 1e-3)], x, scale, bias);
    for (let row = 0; row < 6; row++) {
      const values = numbers(x).slice(5 * row, 5 * row + 5);
      const { mean, variance } = statistics(values);
      values.forEach((value, i) => {
        const normal = (value - mean) / Math.sqrt(variance + 1e-3);
        expect(numbers(y!)[5 * row + i]).toBeCloseTo(normal * numbers(scale)[i]! + numbers(bias)[i]!, 4);
      });
    }
  });

  test("has the gradients of finite differences, with and without scale and bias", async () => {
    await expectGradients((a, b, c) => layerNorm(a, b, c), [x, scale, bias]);
    await expectGradients((a, b) => layerNorm(a, b), [x, scale]);
    await expectGradients((a, b) => layerNorm(a, undefined, b), [x, bias]);
    await expectGradients((a) => mul(layerNorm(a), a), [x]);
  });

  test("names a scale that does not fit", () => {
    expect(() => layerNorm(symbol(2, 5), symbol(4))).toThrow(
      "LayerNormalization: scale [4] does not fit the last axis of [2, 5]",
    );
  });
});

describe("groupNorm", () => {
  const x = random([2, 4, 3, 2], 4, -2, 3);
  const scale = random([4], 5, 0.5, 1.5);
  const bias = random([4], 6);

  test("normalises each group of channels over all positions", async () => {
    const [y] = await evaluate((a, b, c) => [groupNorm(a, b, c, 2, 1e-3)], x, scale, bias);
    for (let group = 0; group < 4; group++) {
      const values = numbers(x).slice(12 * group, 12 * group + 12);
      const { mean, variance } = statistics(values);
      values.forEach((value, i) => {
        const channel = (group % 2) * 2 + Math.floor(i / 6);
        const normal = (value - mean) / Math.sqrt(variance + 1e-3);
        const expected = normal * numbers(scale)[channel]! + numbers(bias)[channel]!;
        expect(numbers(y!)[12 * group + i]).toBeCloseTo(expected, 4);
      });
    }
  });

  test.each([1, 2, 4])("in %i groups has the gradients of finite differences", (groups) =>
    expectGradients((a, b, c) => groupNorm(a, b, c, groups, 1e-5), [x, scale, bias]),
  );

  test("refuses channels that do not split, and a scale of another size", () => {
    expect(() => groupNorm(symbol(1, 4, 2, 2), symbol(4), symbol(4), 3, 1e-5)).toThrow(
      "GroupNorm: 4 channels do not split into 3 groups",
    );
    expect(() => groupNorm(symbol(1, 4, 2, 2), symbol(2), symbol(4), 2, 1e-5)).toThrow(
      "GroupNorm: scale [2] does not fit the channels of [1, 4, 2, 2]",
    );
    expect(() => groupNorm(symbol(1, 4, 2, 2), symbol(4), symbol(1), 2, 1e-5)).toThrow("bias [1]");
  });
});

describe("batchNorm", () => {
  const x = random([3, 2, 4, 2], 7, -2, 3);
  const scale = random([2], 8, 0.5, 1.5);
  const bias = random([2], 9);
  const channel = (c: number) => numbers(x).filter((_, i) => Math.floor(i / 8) % 2 === c);

  test("in training normalises by the batch and gives back its mean and unbiased variance", async () => {
    const [y, mean, variance] = await evaluate((t) => {
      const { y, batchMean, batchVariance } = batchNormTrain(t, undefined, 1e-3);
      return [y, batchMean, batchVariance];
    }, x);
    for (const c of [0, 1]) {
      const expected = statistics(channel(c));
      expect(numbers(mean!)[c]).toBeCloseTo(expected.mean, 5);
      expect(numbers(variance!)[c]).toBeCloseTo((expected.variance * 24) / 23, 4);
      const first = (channel(c)[0]! - expected.mean) / Math.sqrt(expected.variance + 1e-3);
      expect(numbers(y!)[8 * c]).toBeCloseTo(first, 4);
    }
  });

  test("in training has the gradients of finite differences, through the statistics too", async () => {
    await expectGradients((a, b, c) => batchNormTrain(a, { scale: b, bias: c }).y, [x, scale, bias]);
    await expectGradients((a) => mul(batchNormTrain(a).batchVariance, batchNormTrain(a).batchMean), [x]);
    await expectGradients((a) => batchNormTrain(a).y, [random([8, 3], 10)]);
  });

  test("in evaluation uses the given statistics", async () => {
    const [runningMean, runningVariance] = [random([2], 11), random([2], 12, 0.5, 2)];
    const inputs = [x, runningMean, runningVariance, scale, bias] as const;
    const [y] = await evaluate(
      (a, m, v, s, b) => [batchNormEval(a, m, v, { scale: s, bias: b }, 1e-3)],
      ...inputs,
    );
    for (const c of [0, 1]) {
      const normal =
        (channel(c)[0]! - numbers(runningMean)[c]!) / Math.sqrt(numbers(runningVariance)[c]! + 1e-3);
      expect(numbers(y!)[8 * c]).toBeCloseTo(normal * numbers(scale)[c]! + numbers(bias)[c]!, 4);
    }
    await expectGradients((a, m, v, s, b) => batchNormEval(a, m, v, { scale: s, bias: b }), inputs);
    await expectGradients((a, m, v) => batchNormEval(a, m, v), inputs.slice(0, 3));
  });

  test("names statistics that do not fit", () => {
    expect(() => batchNormEval(symbol(1, 4, 2, 2), symbol(4), symbol(1))).toThrow(
      "BatchNorm: variance [1] does not fit the channels of [1, 4, 2, 2]",
    );
  });
});
