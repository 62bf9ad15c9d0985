import { describe, expect, test } from "vitest";
import { array, numbers, random, valuesOf } from "../testing/evaluate.ts";
import { expectGradients } from "../testing/finite-differences.ts";
import { binaryCrossEntropy, crossEntropy, meanAbsoluteError, meanSquaredError } from "./loss.ts";

describe("crossEntropy", () => {
  const logits = random([2, 3, 4], 1, -3, 3);
  const labels = array([2, 3], [0, 3, 1, 2, 2, 0], "int64");
  const weights = array([2, 3], [1, 0, 1, 0.5, 0, 1]);

  const terms = numbers(labels).map((label, row) => {
    const values = numbers(logits).slice(4 * row, 4 * row + 4);
    return Math.log(values.reduce((total, value) => total + Math.exp(value), 0)) - values[label]!;
  });

  test("is the mean of -log softmax at the labels", async () => {
    const [loss] = await valuesOf((a, b) => crossEntropy(a, b), logits, labels);
    expect(loss).toBeCloseTo(terms.reduce((a, b) => a + b) / 6, 5);
    await expectGradients((a, b) => crossEntropy(a, b), [logits, labels]);
  });

  test("weighs positions and divides by the weights' sum", async () => {
    const [loss] = await valuesOf(crossEntropy, logits, labels, weights);
    const weighted = terms.reduce((total, term, i) => total + term * numbers(weights)[i]!, 0);
    expect(loss).toBeCloseTo(weighted / 3.5, 5);
    await expectGradients(crossEntropy, [logits, labels, weights]);
  });

  test("is zero, not NaN, where every position is left out", async () => {
    const none = array([2, 3], Array(6).fill(0));
    expect(await valuesOf(crossEntropy, logits, labels, none)).toEqual([0]);
  });
});

describe("binaryCrossEntropy", () => {
  test("is -t log s - (1 - t) log (1 - s), elementwise, with its gradients", async () => {
    const [logits, targets] = [random([3, 4], 2, -4, 4), random([3, 4], 3, 0, 1)];
    const actual = await valuesOf(binaryCrossEntropy, logits, targets);
    for (const [i, value] of actual.entries()) {
      const s = 1 / (1 + Math.exp(-numbers(logits)[i]!));
      const t = numbers(targets)[i]!;
      expect(value).toBeCloseTo(-t * Math.log(s) - (1 - t) * Math.log(1 - s), 4);
    }
    await expectGradients(binaryCrossEntropy, [logits, targets]);
  });

  test("stays finite for logits of any size", async () => {
    const actual = await valuesOf(
      binaryCrossEntropy,
      array([4], [200, -200, 200, -200]),
      array([4], [1, 0, 0, 1]),
    );
    expect(actual).toEqual([0, 0, 200, 200]);
  });
});

test("mean squared and mean absolute error are means over all elements", async () => {
  const [a, b] = [array([2, 2], [1, 2, 3, 4]), array([2, 2], [1, 0, 6, 3])];
  expect(await valuesOf(meanSquaredError, a, b)).toEqual([(4 + 9 + 1) / 4]);
  expect(await valuesOf(meanAbsoluteError, a, b)).toEqual([(2 + 3 + 1) / 4]);
  const inputs = [random([3, 4], 4), random([3, 4], 5)];
  await expectGradients(meanSquaredError, inputs);
  await expectGradients(meanAbsoluteError, inputs, { step: 2 ** -11 });
});
