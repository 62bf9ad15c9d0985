import { describe, expect, test } from "vitest";
import { grad } from "../gradient.ts";
import { input } from "../tensor.ts";
import { array, evaluate, numbers, random, valuesOf } from "../testing/evaluate.ts";
import { expectGradients } from "../testing/finite-differences.ts";
import { sum } from "./broadcast.ts";
import { mul } from "./elementwise.ts";
import { argMax, argMin, logSoftmax, max, mean, softmax } from "./reduce.ts";

const x = random([2, 3, 4], 1, -2, 2);

describe.each([
  { name: "sum", reduce: sum, of: (values: number[]) => values.reduce((a, b) => a + b) },
  { name: "mean", reduce: mean, of: (values: number[]) => values.reduce((a, b) => a + b) / values.length },
  { name: "max", reduce: max, of: (values: number[]) => Math.max(...values) },
])("$name", ({ reduce, of }) => {
  test.each([
    { options: {}, shape: [] },
    { options: { axes: [1] }, shape: [2, 4] },
    { options: { axes: [-1], keepDims: true }, shape: [2, 3, 1] },
    { options: { axes: [0, 2] }, shape: [3] },
    { options: { axes: [0, 1, 2], keepDims: true }, shape: [1, 1, 1] },
    { options: { axes: [] }, shape: [2, 3, 4] },
  ])("over $options gives $shape and its gradient", async ({ options, shape }) => {
    const [y] = await evaluate((t) => [reduce(t, options)], x);
    expect(y!.shape).toEqual(shape);
    await expectGradients((t) => reduce(t, options), [x]);
  });

  test("has the values of its definition", async () => {
    const values = numbers(x);
    const rows = Array.from({ length: 6 }, (_, row) => of(values.slice(4 * row, 4 * row + 4)));
    const actual = await valuesOf((t) => reduce(t, { axes: [2] }), x);
    for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(rows[i]!, 5);
  });

  test("reduces an axis of size one, and a scalar", async () => {
    await expectGradients((t) => mul(reduce(t, { axes: [1] }), 2), [random([3, 1], 4)]);
    expect(await valuesOf((t) => reduce(t), array([], [5]))).toEqual([5]);
  });

  test("names an axis that is not there", () => {
    const t = input("x", { dtype: "float32", shape: [2, 3] });
    expect(() => reduce(t, { axes: [2] })).toThrow("axis 2 is outside a tensor of rank 2");
  });
});

test("equal largest values share the gradient", async () => {
  const [gradient] = await evaluate((t) => grad(max(t), [t]), array([4], [3, 1, 3, 2]));
  expect(numbers(gradient!)).toEqual([0.5, 0, 0.5, 0]);
});

describe.each([
  { name: "softmax", operator: softmax, log: false },
  { name: "logSoftmax", operator: logSoftmax, log: true },
])("$name", ({ operator, log }) => {
  test.each([-1, 1, 0])("over axis %i has the gradient of finite differences", (axis) =>
    expectGradients((t) => operator(t, axis), [x]),
  );

  test("has the values of its definition, and stays finite for large logits", async () => {
    const logits = [1, 2, 3, 1000, 1001, 1002];
    const total = 1 + Math.exp(-1) + Math.exp(-2);
    const expected = [-2, -1, 0, -2, -1, 0].map((d) => (log ? d - Math.log(total) : Math.exp(d) / total));
    const actual = await valuesOf((t) => operator(t), array([2, 3], logits));
    for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i]!, 5);
  });
});

test("argMax and argMin give the first extreme's index as int64", async () => {
  const rows = array([2, 4], [1, 5, 5, 0, -1, -1, 2, 2]);
  const [largest, smallest, column] = await evaluate((t) => [argMax(t), argMin(t), argMax(t, 0)], rows);
  expect([largest!.dtype, largest!.shape, numbers(largest!)]).toEqual(["int64", [2], [1, 2]]);
  expect(numbers(smallest!)).toEqual([3, 0]);
  expect(numbers(column!)).toEqual([0, 0, 0, 1]);
});
