import { describe, expect, test } from "vitest";
import { input } from "../tensor.ts";
import { evaluate, numbers, random } from "../testing/evaluate.ts";
import { expectGradients } from "../testing/finite-differences.ts";
import { einsum, matmul } from "./matmul.ts";

const symbol = (...shape: (number | string)[]) => input("x", { dtype: "float32", shape });

describe("matmul", () => {
  test("sums products over the inner axis", async () => {
    const [a, b] = [random([2, 3], 1), random([3, 4], 2)];
    const [y] = await evaluate((s, t) => [matmul(s, t)], a, b);
    expect(y!.shape).toEqual([2, 4]);
    for (let row = 0; row < 2; row++)
      for (let column = 0; column < 4; column++) {
        const products = [0, 1, 2].map((k) => numbers(a)[row * 3 + k]! * numbers(b)[k * 4 + column]!);
        expect(numbers(y!)[row * 4 + column]).toBeCloseTo(products[0]! + products[1]! + products[2]!, 5);
      }
  });

  test.each([
    { left: [2, 3], right: [3, 4], what: "two matrices" },
    { left: [5, 2, 3], right: [3, 4], what: "a batch and one matrix" },
    { left: [2, 2, 2, 3], right: [3, 2], what: "two leading axes and one matrix" },
    { left: [2, 3], right: [4, 3, 2], what: "one matrix and a batch" },
    { left: [4, 2, 3], right: [4, 3, 2], what: "two batches" },
    { left: [2, 1, 2, 3], right: [1, 3, 3, 2], what: "batches that broadcast both ways" },
    { left: [1, 2, 3], right: [3, 4], what: "a batch of one" },
  ])("of $what has the gradients of finite differences", ({ left, right }) =>
    expectGradients(matmul, [random(left, 3), random(right, 4)]),
  );

  test("names both shapes where the inner sizes differ or a vector comes", () => {
    expect(() => matmul(symbol(2, 3), symbol(4, 5))).toThrow(
      "MatMul: float32 [2, 3] times float32 [4, 5]: the inner sizes differ",
    );
    expect(() => matmul(symbol(3), symbol(3, 5))).toThrow("MatMul: float32 [3] times float32 [3, 5]");
    expect(() => matmul(symbol(2, 4, 3), symbol(5, 3, 5))).toThrow(
      "MatMul: [2] and [5] do not broadcast: axis 0 is 2 and 5",
    );
  });
});

/** The contraction by its definition: a sum over every assignment of the indices. */
function contract(equation: string, operands: { shape: readonly number[]; values: number[] }[]): number[] {
  const [inputs, result] = equation.split("->") as [string, string];
  const names = inputs.split(",");
  const sizes = new Map(
    names.flatMap((name, i) => [...name].map((index, axis) => [index, operands[i]!.shape[axis]!])),
  );
  const indices = [...sizes.keys()];
  const at = (text: string, assignment: Map<string, number>) =>
    [...text].reduce((offset, index) => offset * sizes.get(index)! + assignment.get(index)!, 0);
  const output = new Array<number>([...result].reduce((n, index) => n * sizes.get(index)!, 1)).fill(0);
  const visit = (depth: number, assignment: Map<string, number>) => {
    const index = indices[depth];
    if (index === undefined) {
      const term = names.reduce(
        (product, name, i) => product * operands[i]!.values[at(name, assignment)]!,
        1,
      );
      output[at(result, assignment)]! += term;
      return;
    }
    for (let i = 0; i < sizes.get(index)!; i++) visit(depth + 1, new Map(assignment).set(index, i));
  };
  visit(0, new Map());
  return output;
}

describe("einsum", () => {
  test.each([
    { equation: "ij,jk->ik", left: [2, 3], right: [3, 4] },
    { equation: "bhld,bhmd->bhlm", left: [2, 2, 3, 4], right: [2, 2, 2, 4] },
    { equation: "blhd,bmhd->bhlm", left: [2, 3, 2, 2], right: [2, 2, 2, 2] },
    { equation: "ij,ij->", left: [2, 3], right: [2, 3] },
    { equation: "i,j->ij", left: [3], right: [2] },
    { equation: "ij,k->ji", left: [2, 3], right: [4] },
    { equation: "bi,bi->b", left: [3, 4], right: [3, 4] },
    { equation: "bij,j->bi", left: [2, 2, 3], right: [3] },
  ])("$equation has the values of its definition and its gradients", async ({ equation, left, right }) => {
    const [a, b] = [random(left, 5), random(right, 6)];
    const [y] = await evaluate((s, t) => [einsum(equation, s, t)], a, b);
    const operands = [a, b].map((value) => ({ shape: value.shape, values: numbers(value) }));
    const expected = contract(equation, operands);
    expect(numbers(y!)).toHaveLength(expected.length);
    for (const [i, value] of numbers(y!).entries()) expect(value).toBeCloseTo(expected[i]!, 5);
    await expectGradients((s, t) => einsum(equation, s, t), [a, b]);
  });

  test("names what does not fit the equation", () => {
    expect(() => einsum("ij,jk", symbol(2, 3), symbol(3, 4))).toThrow(
      '"ij,jk" is not of the form "ij,jk->ik"',
    );
    expect(() => einsum("ij,jk->ik", symbol(2, 3), symbol(4, 5))).toThrow('einsum "ij,jk->ik": j is 3 and 4');
    expect(() => einsum("ij,jk->ix", symbol(2, 3), symbol(3, 5))).toThrow("no operand has x");
    expect(() => einsum("i,jk->ik", symbol(2, 3), symbol(3, 5))).toThrow("i does not index [2, 3]");
    expect(() => einsum("ii,jk->ik", symbol(2, 2), symbol(3, 5))).toThrow("ii does not index [2, 2]");
    expect(() => einsum("ij,jk->ii", symbol(2, 2), symbol(2, 5))).toThrow("the result names i twice");
  });
});
