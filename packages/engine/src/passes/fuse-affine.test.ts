import { describe, expect, test } from "vitest";
import { add, mul } from "../ops/elementwise.ts";
import { reshape } from "../ops/layout.ts";
import { groupNorm } from "../ops/normalize.ts";
import { input, type Tensor } from "../tensor.ts";
import { evaluate, numbers, random } from "../testing/evaluate.ts";
import { operatorNames } from "../testing/operators.ts";
import { fuseAffine } from "./fuse-affine.ts";
import { simplify } from "./simplify.ts";

const leaf = (name: string, ...shape: (number | string)[]) => input(name, { dtype: "float32", shape });
const namesAfter = (y: Tensor, ...leaves: Tensor[]) => operatorNames(...simplify([y], leaves, [fuseAffine]));

describe("scale and bias of each channel", () => {
  test("are one pass, also behind a group normalisation and for any batch", () => {
    const [x, scale, bias] = [leaf("x", "batch", 6, 3, 5), leaf("scale", 6), leaf("bias", 6)];
    const vector = (v: Tensor) => reshape(v, [6, 1, 1]);
    expect(namesAfter(add(mul(x, vector(scale)), vector(bias)), x, scale, bias)).toEqual([
      "BatchNormalization",
    ]);
    expect(namesAfter(groupNorm(x, scale, bias, 2, 1e-5), x, scale, bias)).toEqual([
      ...["Reshape", "LayerNormalization", "Reshape", "BatchNormalization"],
    ]);
  });

  test.each([[[3, 6, 4, 5]], [[1, 6, 7]], [[2, 6, 1, 1]]])("give the same values: %s", async (shape) => {
    const ones = shape.slice(2).map(() => 1);
    const [apart, fused] = await evaluate(
      (x, scale, bias) => {
        const affine = (lead: number[]) => {
          const [s, b] = [scale!, bias!].map((v) => reshape(v, [...lead, 6, ...ones]));
          return add(mul(x!, s!), b!);
        };
        const [stays, rewritten] = simplify([affine([1]), affine([])], [x!, scale!, bias!], [fuseAffine]);
        expect(operatorNames(stays!)).not.toContain("BatchNormalization");
        expect(operatorNames(rewritten!)).toEqual(["BatchNormalization"]);
        return [stays!, rewritten!];
      },
      random(shape, 1),
      random([6], 2, -3, 3),
      random([6], 3),
    );
    const expected = numbers(apart!);
    for (const [i, value] of numbers(fused!).entries()) expect(value).toBeCloseTo(expected[i]!, 6);
    expect(new Set(expected.map((value) => value.toFixed(3))).size).toBeGreaterThan(5);
  });

  test("of anything else stay apart", () => {
    const [x, one, two] = [leaf("x", 2, 4, 4, 4), leaf("one", 4), leaf("two", 4)];
    const channels = (v: Tensor) => reshape(v, [4, 1, 1]);
    const rows = (v: Tensor) => reshape(v, [4, 1]);
    const others = [
      add(mul(x, rows(one)), channels(two)),
      add(mul(x, channels(one)), rows(two)),
      add(mul(x, channels(one)), leaf("plane", 4, 1, 1)),
      add(channels(two), channels(one)),
      add(mul(leaf("flat", 4, 4), reshape(one, [4])), reshape(two, [4])),
      mul(add(x, channels(one)), channels(two)),
    ];
    for (const other of others) expect(namesAfter(other)).not.toContain("BatchNormalization");
  });
});
