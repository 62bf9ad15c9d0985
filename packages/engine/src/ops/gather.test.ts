import { describe, expect, test } from "vitest";
import { grad } from "../gradient.ts";
import { input } from "../tensor.ts";
import { array, compileFunction, evaluate, numbers, random } from "../testing/evaluate.ts";
import { expectGradients } from "../testing/finite-differences.ts";
import { sum } from "./broadcast.ts";
import { mul } from "./elementwise.ts";
import { gather, oneHot, positions, scatterAddRows } from "./gather.ts";

describe("gather", () => {
  test("takes rows by index, of any index shape", async () => {
    const table = array([3, 2], [0, 1, 10, 11, 20, 21]);
    const [y] = await evaluate((t, i) => [gather(t, i)], table, array([2, 2], [2, 0, 0, 1], "int64"));
    expect([y!.shape, numbers(y!)]).toEqual([
      [2, 2, 2],
      [20, 21, 0, 1, 0, 1, 10, 11],
    ]);
  });

  test("takes columns", async () => {
    const [y] = await evaluate(
      (t, i) => [gather(t, i, -1)],
      array([2, 3], [0, 1, 2, 10, 11, 12]),
      array([2], [2, 0], "int32"),
    );
    expect([y!.shape, numbers(y!)]).toEqual([
      [2, 2],
      [2, 0, 12, 10],
    ]);
  });

  test.each([
    { rows: 6, dtype: "int64", what: "a small table, by one-hot product" },
    { rows: 6, dtype: "int32", what: "a small table and int32 indices" },
    { rows: 600, dtype: "int64", what: "a large table, by scattering" },
    { rows: 600, dtype: "int32", what: "a large table and int32 indices" },
  ] as const)("adds the gradients of repeated rows up: $what", async ({ rows, dtype }) => {
    const indices = array([2, 3], [1, 3, 1, 0, rows - 1, 1], dtype);
    const table = random([rows, 4], 1);
    await expectGradients((t, i) => mul(gather(t, i), gather(t, i)), [table, indices], {
      elements: rows * 4 > 99 ? 60 : 24,
    });
    const [gradient] = await evaluate((t, i) => grad(sum(gather(t, i)), [t]), table, indices);
    const counts = Array.from({ length: rows }, (_, row) => numbers(gradient!)[row * 4]);
    expect([counts[0], counts[1], counts[2], counts[3], counts[rows - 1]]).toEqual([1, 3, 0, 1, 1]);
  });

  test("refuses indices that are no integers", () => {
    const x = input("x", { dtype: "float32", shape: [3, 2] });
    expect(() => gather(x, x)).toThrow("Gather: the indices must be int32 or int64, got float32 [3, 2]");
  });
});

test.each([4, 700])("scatterAddRows adds updates up in %i rows, and passes their gradient", async (rows) => {
  const indices = array([3], [2, 0, 2], "int64");
  const updates = array([3, 2], [1, 2, 3, 4, 5, 6]);
  const [y] = await evaluate((i, u) => [scatterAddRows(i, u, rows)], indices, updates);
  expect(numbers(y!).slice(0, 8)).toEqual([3, 4, 0, 0, 6, 8, 0, 0]);
  await expectGradients((i, u) => mul(scatterAddRows(i, u, rows), 0.5), [indices, updates]);
});

test("oneHot has a one in the column of the index", async () => {
  const [y] = await evaluate((i) => [oneHot(i, 3)], array([2, 2], [2, 0, 1, 5], "int64"));
  expect([y!.shape, numbers(y!)]).toEqual([
    [2, 2, 3],
    [0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0],
  ]);
});

test("positions count along a fixed or an open axis", async () => {
  const { run, program } = await compileFunction(
    (x) => [positions(x, -1), positions(x, 0)],
    [{ dtype: "float32", shape: [2, "residues"] }],
  );
  for (const length of [1, 4]) {
    const [open, fixed] = await run(random([2, length], 1));
    expect(numbers(open!)).toEqual([0, 1, 2, 3].slice(0, length));
    expect(numbers(fixed!)).toEqual([0, 1]);
  }
  await program.close();
});
