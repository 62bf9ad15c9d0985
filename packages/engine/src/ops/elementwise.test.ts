import { describe, expect, test } from "vitest";
import { grad } from "../gradient.ts";
import { ShapeError } from "../shape.ts";
import { type DType, input, scalar, type Tensor } from "../tensor.ts";
import { array, evaluate, numbers, random, valuesOf } from "../testing/evaluate.ts";
import { expectGradients } from "../testing/finite-differences.ts";
import { sum } from "./broadcast.ts";
import * as ops from "./elementwise.ts";

const symbol = (shape: readonly (number | string)[], dtype: DType = "float32") =>
  input("x", { dtype, shape });

const binaries = {
  add: [(a: number, b: number) => a + b, ops.add],
  sub: [(a: number, b: number) => a - b, ops.sub],
  mul: [(a: number, b: number) => a * b, ops.mul],
  div: [(a: number, b: number) => a / b, ops.div],
  pow: [(a: number, b: number) => a ** b, ops.pow],
  maximum: [Math.max, ops.maximum],
  minimum: [Math.min, ops.minimum],
} as const;

/** For functions with kinks: the smaller the step, the rarer one lies within it. */
const smallStep = { step: 2 ** -11 };

describe.each(Object.entries(binaries))("%s", (name, [reference, operator]) => {
  const options = name === "maximum" || name === "minimum" ? smallStep : {};
  const a = random([2, 3, 4], 1, 0.5, 2);
  const b = random([2, 3, 4], 2, 0.5, 2);

  test("has the values of its definition", async () => {
    const expected = numbers(a).map((value, i) => reference(value, numbers(b)[i]!));
    const actual = await valuesOf(operator, a, b);
    for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i]!, 5);
  });

  test("has the gradients of finite differences, equal shapes", () =>
    expectGradients(operator, [a, b], options));

  test.each([
    { left: [3, 1], right: [2, 3, 4] },
    { left: [2, 1, 4], right: [3, 1] },
    { left: [], right: [2, 2] },
    { left: [1, 4], right: [3, 4] },
    { left: [1, 1], right: [1] },
  ])("sums gradients over the axes that $left and $right broadcast", ({ left, right }) =>
    expectGradients(operator, [random(left, 3, 0.5, 2), random(right, 4, 0.5, 2)], options),
  );

  test("takes a number on either side", async () => {
    const x = random([5], 6, 0.5, 2);
    const [left, right] = await evaluate((t) => [operator(t, 1.5), operator(1.5, t)], x);
    for (const [i, value] of numbers(x).entries()) {
      expect(numbers(left!)[i]).toBeCloseTo(reference(value, 1.5), 5);
      expect(numbers(right!)[i]).toBeCloseTo(reference(1.5, value), 5);
    }
  });
});

// Abramowitz & Stegun, formula 7.1.5: the power series of the error function.
function erf(x: number): number {
  let total = 0;
  for (let n = 0, term = x; n < 40; n++, term *= (-x * x) / n) total += term / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * total;
}
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

const unaries: Record<string, [(x: number) => number, (x: Tensor) => Tensor, low?: number]> = {
  neg: [(x) => -x, ops.neg],
  exp: [Math.exp, ops.exp],
  log: [Math.log, ops.log, 0.3],
  sqrt: [Math.sqrt, ops.sqrt, 0.3],
  abs: [Math.abs, ops.abs],
  sin: [Math.sin, ops.sin],
  cos: [Math.cos, ops.cos],
  erf: [erf, ops.erf],
  tanh: [Math.tanh, ops.tanh],
  sigmoid: [sigmoid, ops.sigmoid],
  softplus: [(x) => Math.log(1 + Math.exp(x)), ops.softplus],
  relu: [(x) => Math.max(0, x), ops.relu],
  leakyRelu: [(x) => (x > 0 ? x : 0.2 * x), ops.leakyRelu],
  silu: [(x) => x * sigmoid(x), ops.silu],
  gelu: [(x) => 0.5 * x * (1 + erf(x / Math.SQRT2)), ops.gelu],
};

describe.each(Object.entries(unaries))("%s", (_name, [reference, operator, low = -2.5]) => {
  const x = random([4, 6], 11, low, 2.5);

  test("has the values of its definition", async () => {
    const actual = await valuesOf(operator, x);
    for (const [i, value] of numbers(x).entries()) expect(actual[i]).toBeCloseTo(reference(value), 4);
  });

  test("has the gradient of finite differences", () => expectGradients(operator, [x]));
});

test("comparisons and logic give the truth of each element", async () => {
  const [a, b] = [array([4], [1, 2, 3, Number.NaN]), array([4], [2, 2, 2, 2])];
  const comparisons = await evaluate(
    (x, y) => [
      ops.equal(x, y),
      ops.less(x, y),
      ops.lessOrEqual(x, y),
      ops.greater(x, y),
      ops.greaterOrEqual(x, y),
    ],
    a,
    b,
  );
  const truths = comparisons.map((result) => numbers(result).join(""));
  expect(truths).toEqual(["0100", "1000", "1100", "0010", "0110"]);
  const logic = await evaluate(
    (x, y) => [ops.and(x, y), ops.or(x, y), ops.not(x)],
    array([4], [0, 0, 1, 1], "bool"),
    array([4], [0, 1, 0, 1], "bool"),
  );
  expect(logic.map((result) => numbers(result).join(""))).toEqual(["0001", "0111", "1100"]);
});

test("sign and floor step, and pass no gradient", async () => {
  const x = array([4], [-1.5, -0.5, 0, 2.7]);
  const [signs, floors, gradient] = await evaluate((t) => {
    return [ops.sign(t), ops.floor(t), ...grad(sum(ops.add(ops.sign(t), ops.floor(t))), [t])];
  }, x);
  expect(numbers(signs!)).toEqual([-1, -1, 0, 1]);
  expect(numbers(floors!)).toEqual([-2, -1, 0, 2]);
  expect(numbers(gradient!)).toEqual([0, 0, 0, 0]);
});

describe("select", () => {
  const condition = array([3, 4], [1, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1], "bool");

  test("gives each branch the gradient of its elements", () =>
    expectGradients(ops.select, [condition, random([3, 4], 1), random([3, 4], 2)]));

  test("sums gradients over broadcast branches and conditions", async () => {
    await expectGradients(ops.select, [condition, random([4], 1), random([2, 3, 1], 2)]);
    const column = array([3, 1], [1, 0, 1], "bool");
    await expectGradients(ops.select, [column, random([1, 4], 3), random([], 4)]);
  });

  test("refuses a condition that is no bool, and branches of two types", () => {
    const x = symbol([2]);
    expect(() => ops.select(x, x, x)).toThrow("Where: the condition must be bool, got float32");
    expect(() => ops.select(symbol([2], "bool"), x, symbol([3], "int64"))).toThrow(
      "Where: operands are float32 [2] and int64 [3]; cast one of them",
    );
  });
});

describe("clip", () => {
  test("limits values and stops the gradient outside, not at the limits", async () => {
    const x = array([5], [-2, -1, 0.5, 1, 3]);
    const [y, gradient] = await evaluate(
      (t) => [ops.clip(t, -1, 1), ...grad(sum(ops.clip(t, -1, 1)), [t])],
      x,
    );
    expect(numbers(y!)).toEqual([-1, -1, 0.5, 1, 1]);
    expect(numbers(gradient!)).toEqual([0, 1, 1, 1, 0]);
  });

  test("has the gradient of finite differences", () =>
    expectGradients((x) => ops.mul(ops.clip(x, -0.5, 0.7), x), [random([5, 5], 21, -2, 2)], smallStep));
});

describe("gradients that are not derivatives", () => {
  test("stopGradient passes values and no gradient", async () => {
    const x = random([3], 1);
    const [y, gradient] = await evaluate((t) => {
      const loss = sum(ops.mul(t, ops.stopGradient(t)));
      return [ops.stopGradient(t), ...grad(loss, [t])];
    }, x);
    expect(numbers(y!)).toEqual(numbers(x));
    expect(numbers(gradient!)).toEqual(numbers(x));
  });

  test("straightThrough passes the value forward and the gradient to its first argument", async () => {
    const x = array([3], [0.2, 1.7, -0.6]);
    const [y, toX] = await evaluate((t) => {
      const rounded = ops.straightThrough(t, ops.floor(t));
      return [rounded, ...grad(sum(ops.mul(rounded, 3)), [t])];
    }, x);
    expect(numbers(y!)).toEqual([0, 1, -1]);
    expect(numbers(toX!)).toEqual([3, 3, 3]);
  });

  test("of two equal values maximum and minimum give the first the gradient", async () => {
    const x = array([2], [1, 1]);
    for (const operator of [ops.maximum, ops.minimum]) {
      const gradients = await evaluate((a, b) => grad(sum(operator(a, b)), [a, b]), x, x);
      expect(gradients.map(numbers)).toEqual([
        [1, 1],
        [0, 0],
      ]);
    }
  });

  test("relu passes no gradient at zero, as PyTorch", async () => {
    const [gradient] = await evaluate((t) => grad(sum(ops.relu(t)), [t]), array([3], [-1, 0, 1]));
    expect(numbers(gradient!)).toEqual([0, 0, 1]);
  });
});

describe("cast", () => {
  test("goes back in the gradient, through float16 and no further than integers", async () => {
    const x = random([6], 5);
    const [y, half, whole] = await evaluate((t) => {
      const narrow = ops.cast(t, "float16");
      const back = ops.cast(ops.mul(narrow, narrow), "float32");
      const integer = ops.cast(ops.cast(t, "int32"), "float32");
      return [back, ...grad(sum(back), [t]), ...grad(sum(integer), [t])];
    }, x);
    for (const [i, value] of numbers(x).entries()) {
      expect(numbers(y!)[i]).toBeCloseTo(value ** 2, 2);
      expect(numbers(half!)[i]).toBeCloseTo(2 * value, 2);
    }
    expect(numbers(whole!)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test("is nothing where the type fits", () => {
    const x = symbol([2]);
    expect(ops.cast(x, "float32")).toBe(x);
  });
});

describe("operands that do not fit", () => {
  test("are named with the operator, both shapes and the axis", () => {
    expect(() => ops.mul(symbol([2, 3]), symbol([2, 4]))).toThrow(
      new ShapeError("Mul: [2, 3] and [2, 4] do not broadcast: axis 1 is 3 and 4"),
    );
    expect(() => ops.add(symbol(["batch", 3]), symbol(["residues", 3]))).toThrow(
      "Add: [batch, 3] and [residues, 3] do not broadcast: axis 0 is batch and residues",
    );
  });

  test("are named with both types", () => {
    expect(() => ops.div(symbol([2]), symbol([2], "int64"))).toThrow(
      "Div: operands are float32 [2] and int64 [2]; cast one of them",
    );
    expect(() => ops.add(1, 2)).toThrow("Add: one operand must be a tensor");
  });

  test("a number takes the type of the other operand", () => {
    expect(ops.add(symbol([2], "int64"), 1).dtype).toBe("int64");
    expect(ops.less(symbol([2], "float16"), 1).dtype).toBe("bool");
    expect(scalar(1, "float16").dtype).toBe("float16");
  });
});
