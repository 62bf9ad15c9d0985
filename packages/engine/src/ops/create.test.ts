import { expect, test } from "vitest";
import { input } from "../tensor.ts";
import { compileFunction, evaluate, numbers, random } from "../testing/evaluate.ts";
import { expectGradients } from "../testing/finite-differences.ts";
import { broadcastTo, full, fullLike, shapeOf, zerosLike } from "./create.ts";
import { mul } from "./elementwise.ts";

test("broadcastTo repeats axes of size one; its gradient sums over them", async () => {
  const [y] = await evaluate((x) => [broadcastTo(x, [2, 3, 4])], random([3, 1], 1));
  expect(y!.shape).toEqual([2, 3, 4]);
  await expectGradients((x) => mul(broadcastTo(x, [2, 3, 4]), 2), [random([3, 1], 1)]);
});

test("shapes with open dimensions are read at run time", async () => {
  const types = [{ dtype: "float32", shape: ["batch", 2, "residues"] }];
  const { run, program } = await compileFunction((x) => [zerosLike(x), fullLike(x, 7), shapeOf(x)], types);
  for (const [batch, residues] of [
    [1, 5],
    [3, 2],
  ] as const) {
    const [zeros, sevens, shape] = await run(random([batch, 2, residues], 1));
    expect(zeros!.shape).toEqual([batch, 2, residues]);
    expect(new Set(numbers(sevens!))).toEqual(new Set([7]));
    expect(numbers(shape!)).toEqual([batch, 2, residues]);
  }
  await program.close();
});

test("full fills a fixed shape in any type", async () => {
  const outputs = await evaluate(() => [full([2], 1.5), full([2], 3, "int64"), full([2], 1, "bool")]);
  expect(outputs.map(({ dtype }) => dtype)).toEqual(["float32", "int64", "bool"]);
  expect(outputs.map(numbers)).toEqual([
    [1.5, 1.5],
    [3, 3],
    [1, 1],
  ]);
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
