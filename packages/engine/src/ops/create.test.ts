import { expect, test } from "vitest";
import { compileFunction, evaluate, numbers, random } from "../testing/evaluate.ts";
import { shapeOf } from "./broadcast.ts";
import { full, fullLike, zerosLike } from "./create.ts";

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
