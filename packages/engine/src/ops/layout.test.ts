import { describe, expect, test } from "vitest";
import { input, type Tensor } from "../tensor.ts";
import { array, evaluate, numbers, random, valuesOf } from "../testing/evaluate.ts";
import { expectGradients } from "../testing/finite-differences.ts";
import { mul } from "./elementwise.ts";
import { concat, expandDims, matrixTranspose, pad, reshape, slice, split, transpose } from "./layout.ts";

const x = random([2, 3, 4], 1);
const symbol = (...shape: (number | string)[]) => input("x", { dtype: "float32", shape });
const counted = (...shape: number[]) => array(shape, [...Array(shape.reduce((a, b) => a * b, 1)).keys()]);

/** Squared, so that the gradient differs from element to element. */
const squared = (f: (t: Tensor) => Tensor) => (t: Tensor) => mul(f(t), f(t));

test("matrixTranspose exchanges the last two axes and refuses what is no matrix", async () => {
  expect(await valuesOf((t) => matrixTranspose(t), counted(2, 3))).toEqual([0, 3, 1, 4, 2, 5]);
  for (const shape of [[], [3]]) expect(() => matrixTranspose(symbol(...shape))).toThrow("is no matrix");
});

describe("reshape", () => {
  test("keeps the order of values, and its gradient goes back", async () => {
    const [y] = await evaluate((t) => [reshape(t, [4, 6])], x);
    expect([y!.shape, numbers(y!)]).toEqual([[4, 6], numbers(x)]);
    await expectGradients(
      squared((t) => reshape(t, [4, 6])),
      [x],
    );
  });

  test("merges and splits one open dimension", () => {
    expect(reshape(symbol("batch", 3, "residues"), ["batch", "3*residues"]).shape).toEqual([
      "batch",
      "3*residues",
    ]);
    expect(reshape(symbol("batch*residues", 8), ["batch*residues", 2, 4]).shape).toHaveLength(3);
  });

  test("refuses another number of elements and two moved open dimensions", () => {
    expect(() => reshape(symbol(2, 3), [4, 2])).toThrow("Reshape: [2, 3] has 6 elements, [4, 2] has 8");
    expect(() => reshape(symbol("a", "b"), ["b", "a"])).toThrow(
      "Reshape: [a, b] to [b, a] moves more than one open dimension",
    );
  });

  test("expandDims inserts axes from the front and the back", () => {
    expect(expandDims(symbol(2, 3), 0).shape).toEqual([1, 2, 3]);
    expect(expandDims(symbol(2, 3), -1).shape).toEqual([2, 3, 1]);
    expect(expandDims(symbol(2, 3), 1, 2).shape).toEqual([2, 1, 1, 3]);
  });
});

describe("transpose", () => {
  test("moves axes, and its gradient moves them back", async () => {
    const [y] = await evaluate((t) => [transpose(t, [2, 0, 1])], counted(2, 3, 4));
    expect(y!.shape).toEqual([4, 2, 3]);
    expect(numbers(y!).slice(0, 6)).toEqual([0, 4, 8, 12, 16, 20]);
    await expectGradients(
      squared((t) => transpose(t, [2, 0, 1])),
      [x],
    );
    await expectGradients(squared(matrixTranspose), [x]);
  });

  test("refuses what is no order of the axes", () => {
    expect(() => transpose(symbol(2, 3), [0, 0])).toThrow(
      "Transpose: [0,0] is no order of the axes of [2, 3]",
    );
  });
});

describe("slice", () => {
  test.each([
    { axis: 0, start: 1, end: 2 },
    { axis: 1, start: 0, end: 2 },
    { axis: -1, start: 1, end: 3 },
    { axis: 2, start: 0, end: 4 },
  ])("takes [$start, $end) of axis $axis; elsewhere the gradient is zero", ({ axis, start, end }) =>
    expectGradients(
      squared((t) => slice(t, axis, start, end)),
      [x],
    ),
  );

  test("split gives consecutive parts", async () => {
    const parts = await evaluate((t) => split(t, 1, [1, 3, 2]), counted(1, 6));
    expect(parts.map(numbers)).toEqual([[0], [1, 2, 3], [4, 5]]);
  });

  test("refuses an interval outside the axis", () => {
    expect(() => slice(symbol(2, 3), 1, 1, 4)).toThrow("Slice: [1, 4) is no interval of axis 1 of [2, 3]");
    expect(() => slice(symbol(2, "residues"), 1, 0, 1)).toThrow(
      'Slice: axis 1 of [2, residues] must be a fixed size, got "residues"',
    );
    expect(() => split(symbol(4), 0, [2, 3])).toThrow("Slice: [2, 5)");
  });
});

describe("pad", () => {
  test("surrounds with a value; the gradient is the middle", async () => {
    expect(await valuesOf((t) => pad(t, [1, 0], [0, 2], 9), counted(1, 2))).toEqual([9, 9, 9, 9, 0, 1, 9, 9]);
    await expectGradients(
      squared((t) => pad(t, [1, 0, 2], [0, 2, 1], 0.5)),
      [x],
    );
  });

  test("refuses amounts of another rank and an open axis", () => {
    expect(() => pad(symbol(2, 3), [1], [1])).toThrow("Pad: 1 and 1 amounts for [2, 3]");
    expect(() => pad(symbol("n"), [1], [0])).toThrow('Pad: axis 0 of [n] must be a fixed size, got "n"');
  });
});

describe("concat", () => {
  test.each([0, 1, -1])("along axis %i gives each tensor its part of the gradient", (axis) =>
    expectGradients(
      (a, b, c) => mul(concat([a, b, c], axis), concat([c, b, a], axis)),
      [x, random([2, 3, 4], 2), random([2, 3, 4], 3)],
    ),
  );

  test("joins parts of different sizes", async () => {
    const parts = [random([2, 1], 1), random([2, 3], 2)];
    await expectGradients((a, b) => squared((t) => concat([t, b], 1))(a), parts);
    const [y] = await evaluate((a, b) => [concat([a, b], 1)], ...parts);
    expect(y!.shape).toEqual([2, 4]);
  });

  test("names shapes that do not join", () => {
    expect(() => concat([symbol(2, 3), symbol(3, 3)], 1)).toThrow(
      "Concat: [3, 3] does not join [2, 3] along axis 1",
    );
    expect(() => concat([], 0)).toThrow("Concat: no tensors");
  });
});
