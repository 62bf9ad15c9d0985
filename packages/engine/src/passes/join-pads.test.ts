import { describe, expect, test } from "vitest";
import { pullback } from "../gradient.ts";
import { add, mul } from "../ops/elementwise.ts";
import { pad, split } from "../ops/layout.ts";
import { input, type Tensor } from "../tensor.ts";
import { evaluate, numbers, random } from "../testing/evaluate.ts";
import { operatorNames } from "../testing/operators.ts";
import { simplify } from "./simplify.ts";

const leaf = (name: string, ...shape: (number | string)[]) => input(name, { dtype: "float32", shape });
const namesAfter = (y: Tensor, ...leaves: Tensor[]) => operatorNames(...simplify([y], leaves));

describe("paddings that stand side by side", () => {
  const [a, b] = [leaf("a", "batch", 2), leaf("b", "batch", 3)];
  const after = (x: Tensor, amount: number, value = 0) => pad(x, [0, 0], [0, amount], value);
  const before = (x: Tensor, amount: number) => pad(x, [0, amount], [0, 0]);

  test("are joined instead of added, in either order", () => {
    expect(namesAfter(add(after(a, 3), before(b, 2)), a, b)).toEqual(["Concat"]);
    expect(namesAfter(add(before(b, 2), after(a, 3)), a, b)).toEqual(["Concat"]);
  });

  test("are added where they overlap, leave a gap, or are not of zeros", () => {
    const sums = [
      add(after(a, 3, 1), before(b, 2)),
      add(pad(a, [0, 1], [0, 2]), before(b, 2)),
      add(after(leaf("c", 1, 3), 2), before(leaf("d", 1, 4), 1)),
      add(after(leaf("c", 1, 2), 4), before(leaf("d", 1, 3), 3)),
      add(pad(leaf("c", 1, 2), [0, 0], [1, 3]), pad(leaf("d", 1, 3), [1, 2], [0, 0])),
    ];
    for (const sum of sums) expect(namesAfter(sum)).toContain("Add");
  });

  test("the gradient of a gated split is one concatenation, of the right values", async () => {
    const [x, g] = [random([2, 6], 1), random([2, 3], 2)];
    const gradient = (x: Tensor, g: Tensor) => {
      const [left, right] = split(x, 1, [3, 3]) as [Tensor, Tensor];
      return pullback([mul(left, right)], [g], [x])[0]!;
    };
    const leaves = [leaf("x", 2, 6), leaf("g", 2, 3)] as const;
    expect(namesAfter(gradient(...leaves), ...leaves)).not.toContain("Pad");
    const [y] = await evaluate((x, g) => [gradient(x!, g!)], x, g);
    const expected = [0, 1].flatMap((row) =>
      [3, 4, 5, 0, 1, 2].map((column) => numbers(x)[6 * row + column]! * numbers(g)[3 * row + (column % 3)]!),
    );
    for (const [i, value] of numbers(y!).entries()) expect(value).toBeCloseTo(expected[i]!, 6);
  });
});
