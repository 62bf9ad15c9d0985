import { expect, test } from "vitest";
import { input } from "../tensor.ts";
import { array, evaluate, numbers, random } from "../testing/evaluate.ts";
import { expectGradients } from "../testing/finite-differences.ts";
import { broadcastTo, sumTo } from "./broadcast.ts";
import { mul } from "./elementwise.ts";

test("broadcastTo repeats axes of size one; its gradient sums over them", async () => {
  const [y] = await evaluate((x) => [broadcastTo(x, [2, 3, 4])], random([3, 1], 1));
  expect(y!.shape).toEqual([2, 3, 4]);
  await expectGradients((x) => mul(broadcastTo(x, [2, 3, 4]), 2), [random([3, 1], 1)]);
});

test("an open shape needs a tensor to read it from", () => {
  const x = input("x", { dtype: "float32", shape: [1] });
  expect(() => broadcastTo(x, ["residues"])).toThrow(
    "Expand: [residues] has open dimensions: give a tensor of that shape",
  );
});

test("refuses a shape that the tensor does not broadcast to", () => {
  const x = (...shape: number[]) => input("x", { dtype: "float32", shape });
  expect(() => broadcastTo(x(1, 3), [3])).toThrow("Expand: [1, 3] does not broadcast to [3]");
  expect(() => broadcastTo(x(3), [1])).toThrow("Expand: [3] does not broadcast to [1]");
  expect(() => broadcastTo(x(3), [4])).toThrow("Expand: [3] and [4] do not broadcast: axis 0 is 3 and 4");
});

test("sumTo sums the axes that were added or broadcast and no other", async () => {
  const ones = array([2, 3, 4], Array(24).fill(1));
  for (const [shape, value] of [
    [[4], 6],
    [[3, 1], 8],
    [[1, 3, 4], 2],
    [[], 24],
    [[2, 3, 4], 1],
  ] as const) {
    const [y] = await evaluate((t) => [sumTo(t, shape)], ones);
    expect(y!.shape).toEqual(shape);
    expect(new Set(numbers(y!))).toEqual(new Set([value]));
  }
});
