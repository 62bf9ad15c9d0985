import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ancestors, grad } from "../gradient.ts";
import { emitOnnx } from "../onnx/emit.ts";
import { broadcastTo, shapeOf, sum } from "../ops/broadcast.ts";
import { fullLike, zerosLike } from "../ops/create.ts";
import * as ops from "../ops/elementwise.ts";
import { gather } from "../ops/gather.ts";
import { concat, expandDims, reshape, slice, transpose } from "../ops/layout.ts";
import { matmul } from "../ops/matmul.ts";
import { layerNorm } from "../ops/normalize.ts";
import { max, mean, softmax } from "../ops/reduce.ts";
import { rematerialize } from "../ops/rematerialize.ts";
import { ShapeError } from "../shape.ts";
import { type DType, input, int64Vector, isConstant, scalar, type Tensor } from "../tensor.ts";
import { numbers, random, sharedRuntime } from "../testing/evaluate.ts";
import { operatorNames } from "../testing/operators.ts";
import { constantValues } from "./constants.ts";
import { simplify } from "./simplify.ts";

const leaf = (shape: readonly (number | string)[], dtype: DType = "float32") => input("x", { dtype, shape });
const simplified = (y: Tensor, ...leaves: Tensor[]) => simplify([y], leaves)[0]!;
const namesAfter = (y: Tensor) => operatorNames(simplified(y));

describe("constant folding", () => {
  test("computes arithmetic, comparisons, casts and moves of small constants", () => {
    const values = (y: Tensor) => constantValues(simplified(y));
    const v = ops.vector([1, 2, 3]);
    expect(values(ops.add(ops.mul(v, 2), 1))).toEqual([3, 5, 7]);
    expect(values(ops.div(v, 3))).toEqual([1, 2, 3].map((x) => Math.fround(x / 3)));
    expect(values(ops.add(expandDims(ops.vector([10, 20]), 1), v))).toEqual([11, 12, 13, 21, 22, 23]);
    expect(values(ops.select(ops.less(v, 2), v, 0))).toEqual([1, 0, 0]);
    expect(values(ops.cast(ops.mul(v, 1.5), "int64"))).toEqual([1, 3, 4]);
    expect(values(concat([v, ops.neg(v)], 0))).toEqual([1, 2, 3, -1, -2, -3]);
    expect(values(gather(shapeOf(leaf([4, 7])), int64Vector([1])))).toEqual([7]);
    expect(values(broadcastTo(scalar(2), [2, 2]))).toEqual([2, 2, 2, 2]);
  });

  test("gives reshaped constants of any size their new shape without a copy", () => {
    const large = fullData(5000);
    const y = simplified(reshape(large, [50, 100]));
    expect(y.shape).toEqual([50, 100]);
    expect(isConstant(y) && isConstant(large) && y.node.operator.value.data).toBe(
      isConstant(large) && large.node.operator.value.data,
    );
  });

  test("leaves functions, large results and integer divisions to the runtime", () => {
    expect(namesAfter(ops.exp(scalar(1)))).toEqual(["Exp"]);
    expect(namesAfter(broadcastTo(scalar(1), [100, 100]))).toEqual(["Expand"]);
    expect(namesAfter(ops.div(int64Vector([7]), int64Vector([2])))).toEqual(["Div"]);
    expect(namesAfter(ops.mul(int64Vector([2 ** 52]), int64Vector([4])))).toEqual(["Mul"]);
  });
});

const fullData = (length: number) => ops.vector(Array.from({ length }, (_, i) => i));

describe("arithmetic", () => {
  const x = leaf(["batch", 3]);

  test("drops operands that change nothing", () => {
    for (const y of [
      ops.add(x, 0),
      ops.add(0, x),
      ops.sub(x, 0),
      ops.mul(x, 1),
      ops.mul(1, x),
      ops.div(x, 1),
      ops.pow(x, 1),
      ops.mul(x, ops.vector([1, 1, 1])),
      ops.add(x, zerosLike(x)),
      ops.mul(ops.add(scalar(0.5), 0.5), x),
    ])
      expect(simplified(y)).toBe(x);
  });

  test("keeps what does change something", () => {
    expect(namesAfter(ops.sub(0, x))).toEqual(["Sub"]);
    expect(namesAfter(ops.div(1, x))).toEqual(["Div"]);
    expect(namesAfter(ops.mul(x, 0))).toEqual(["Mul"]); // 0 * Infinity is no 0
    expect(namesAfter(ops.add(leaf([3]), fullLike(leaf([2, 3]), 0)))).toEqual(["Add"]); // it broadcasts
    expect(namesAfter(ops.mul(x, ops.vector([1, 2, 1])))).toEqual(["Mul"]);
  });

  test("reads an operand before it is expanded, where another broadcasts it", () => {
    const column = leaf(["batch", 1]);
    const expanded = broadcastTo(column, ["batch", 3], x);
    expect(namesAfter(ops.mul(expanded, x))).toEqual(["Mul"]);
    expect(namesAfter(ops.mul(expanded, 2))).toContain("Expand");
  });

  test("cancels negations", () => {
    expect(simplified(ops.neg(ops.neg(x)))).toBe(x);
    expect(namesAfter(ops.add(x, ops.neg(ops.exp(x))))).toEqual(["Exp", "Sub"]);
    expect(namesAfter(ops.add(ops.neg(ops.exp(x)), x))).toEqual(["Exp", "Sub"]);
  });

  test("drops casts that lose nothing, and no others", () => {
    const bits = leaf([4], "bool");
    expect(simplified(ops.cast(ops.cast(bits, "float32"), "bool"))).toBe(bits);
    expect(namesAfter(ops.cast(ops.cast(bits, "int64"), "float32"))).toEqual(["Cast"]);
    expect(namesAfter(ops.cast(ops.cast(x, "float16"), "float32"))).toEqual(["Cast", "Cast"]);
    expect(namesAfter(ops.cast(ops.cast(x, "int32"), "float32"))).toEqual(["Cast", "Cast"]);
  });
});

describe("layout", () => {
  const x = leaf([2, 3, 4]);

  test("merges reshapes, and drops one that comes back", () => {
    expect(namesAfter(reshape(reshape(x, [6, 4]), [4, 6]))).toEqual(["Reshape"]);
    expect(simplified(reshape(reshape(x, [24]), [2, 3, 4]))).toBe(x);
  });

  test("keeps two reshapes that one cannot do", () => {
    const open = leaf(["a", 2, 2, "b"]);
    const y = reshape(reshape(open, ["2*a", 1, 2, "b"]), ["2*a", 1, 1, "2*b"]);
    expect(namesAfter(y)).toEqual(["Reshape", "Reshape"]);
  });

  test("merges transposes, and drops one that comes back", () => {
    expect(namesAfter(transpose(transpose(x, [1, 2, 0]), [2, 1, 0]))).toEqual(["Transpose"]);
    expect(simplified(transpose(transpose(x, [1, 2, 0]), [2, 0, 1]))).toBe(x);
  });

  test("a transpose that moves only axes of size one is a reshape", () => {
    expect(namesAfter(transpose(leaf([3, 1, 4]), [1, 0, 2]))).toEqual(["Reshape"]);
    expect(namesAfter(transpose(leaf([3, 2, 4]), [1, 0, 2]))).toEqual(["Transpose"]);
  });
});

describe("common subexpressions", () => {
  test("are computed once, with equal constants, across outputs", () => {
    const x = leaf([3]);
    const half = () => ops.mul(ops.exp(x), 0.5);
    const outputs = simplify([ops.add(half(), half()), half()], [x]);
    expect(operatorNames(...outputs)).toEqual(["Exp", "Mul", "Add"]);
  });

  test("keep apart what differs in attributes, types or which output is read", () => {
    const x = leaf([2, 4]);
    expect(namesAfter(ops.add(sum(softmax(x, 0)), sum(softmax(x, 1))))).toHaveLength(5);
    expect(namesAfter(ops.add(sum(x, { axes: [0] }), mean(x, { axes: [0] })))).toHaveLength(3);
    const casts = [ops.cast(x, "int32"), ops.cast(x, "int64")].map((y) => ops.cast(y, "float32"));
    expect(namesAfter(ops.add(casts[0]!, casts[1]!))).toHaveLength(5);
  });

  test("do not merge a rematerialised block into its forward", () => {
    const x = leaf([2, 4]);
    const block = (h: Tensor) => [ops.exp(ops.exp(h))];
    const count = (loss: Tensor) => namesAfter(grad(loss, [x])[0]!).filter((name) => name === "Exp").length;
    expect(count(sum(ops.exp(block(x)[0]!)))).toBe(3);
    expect(count(sum(ops.exp(rematerialize(block, [x])[0]!)))).toBe(5);
  });
});

test("leaves stay themselves, even where a rule would replace them", () => {
  const x = leaf([3]);
  const fed = ops.add(x, 0);
  const y = simplified(ops.exp(fed), fed);
  expect(y.node.inputs[0]).toBe(fed);
});

test("the gradient of a mean squared error is three elementwise passes", () => {
  const [a, b] = [leaf([4, 5]), leaf([4, 5])];
  const difference = ops.sub(a, b);
  const [gradient] = grad(mean(ops.mul(difference, difference)), [a]);
  expect(namesAfter(gradient!)).toEqual(["Sub", "Mul", "Add"]);
});

// Graphs grown from random numbers: each picks an operator and its operands among what is there.
const unary: readonly ((x: Tensor, k: number) => Tensor)[] = [
  (x) => ops.neg(x),
  (x) => ops.add(x, 0),
  (x, k) => ops.mul(x, [1, 2, -1, 0][k % 4]!),
  (x, k) => ops.div(x, [1, 2, -1, 3][k % 4]!),
  (x) => ops.stopGradient(x),
  (x) => ops.sigmoid(x),
  (x) => ops.cast(ops.cast(x, "float16"), "float32"),
  (x) => ops.select(ops.greater(x, 0.5), x, ops.mul(x, 0.5)),
  (x) => transpose(x, [...x.shape.keys()].reverse()),
  (x, k) =>
    transpose(
      x,
      [...x.shape.keys()].map((axis) => (axis + k) % x.shape.length),
    ),
  (x) => expandDims(x, 0),
  (x) => reshape(x, [1, ...x.shape, 1]),
  (x) =>
    reshape(
      x,
      x.shape.filter((dim) => dim !== 1),
    ),
  (x) => broadcastTo(x, [2, ...x.shape]),
  (x, k) => sum(x, { axes: [k % x.shape.length], keepDims: k % 2 === 0 }),
  (x, k) => max(x, { axes: [k % x.shape.length], keepDims: true }),
  (x) => concat([x, x], -1),
  (x) => slice(x, -1, 0, 1),
  (x) => softmax(x),
  (x) => layerNorm(x),
  (x) => ops.add(x, fullLike(x, 0)),
  (x) => rematerialize((h) => [ops.mul(ops.tanh(h), h)], [x])[0]!,
];
const binary: readonly ((a: Tensor, b: Tensor) => Tensor)[] = [
  ops.add,
  ops.sub,
  ops.mul,
  ops.maximum,
  (a, b) => ops.add(a, ops.neg(b)),
  (a, b) => ops.mul(broadcastTo(a, b.shape), b),
  (a, b) => matmul(a, transpose(b, [1, 0])),
];

function grow(choices: readonly number[], leaves: readonly Tensor[]): Tensor[] {
  const pool = [...leaves, ops.vector([1, 1, 1]), ops.vector([0, 0, 0]), scalar(2)];
  for (const choice of choices) {
    const operator = choice % (unary.length + binary.length);
    const pick = (salt: number) => pool[Math.floor(choice / salt) % pool.length]!;
    try {
      const y =
        operator < unary.length
          ? unary[operator]!(pick(100), Math.floor(choice / 10_000))
          : binary[operator - unary.length]!(pick(100), pick(10_000));
      if (y.shape.length <= 5) pool.push(y);
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
    }
  }
  return pool.slice(leaves.length + 3);
}

describe("random graphs", () => {
  test.each([
    { what: "fixed shapes", first: 2 },
    { what: "an open dimension", first: "batch" },
  ])("give the same outputs and gradients with and without passes, $what", async ({ first }) => {
    let nodesBefore = 0;
    let nodesAfter = 0;
    const choices = fc.array(fc.nat(1_000_000), { minLength: 3, maxLength: 14 });
    const property = fc.asyncProperty(choices, async (numbersChosen) => {
      const inputs = new Map(
        [[first, 3], [3], [1, 3]].map((shape, i) => [`x${i}`, input(`x${i}`, { dtype: "float32", shape })]),
      );
      const results = grow(numbersChosen, [...inputs.values()]);
      if (results.length === 0) return;
      const loss = results.map((y) => sum(ops.tanh(y))).reduce((a, b) => ops.add(a, b));
      const tensors = [...results, ...grad(loss, [...inputs.values()])];
      const outputs = new Map(tensors.map((tensor, i) => [`y${i}`, tensor]));
      const feeds = { x0: random([2, 3], 1), x1: random([3], 2), x2: random([1, 3], 3) };
      const run = async (isSimplified: boolean) => {
        const session = await (await sharedRuntime).load(
          emitOnnx({ inputs, outputs }, { simplified: isSimplified }),
        );
        const values = await session.run(feeds);
        await session.close();
        return values;
      };
      const [plain, passed] = [await run(false), await run(true)];
      for (const name of outputs.keys()) {
        expect(passed[name]!.shape).toEqual(plain[name]!.shape);
        const expected = numbers(plain[name]!);
        numbers(passed[name]!).forEach((value, i) => {
          if (Number.isNaN(expected[i])) expect(value).toBeNaN();
          else
            expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(1e-5 * (1 + Math.abs(expected[i]!)));
        });
      }
      nodesBefore += ancestors(tensors).length;
      nodesAfter += ancestors(simplify(tensors, inputs.values())).length;
    });
    await fc.assert(property, { numRuns: 60, seed: 3 });
    expect(nodesAfter).toBeLessThan(0.8 * nodesBefore);
  });
});
