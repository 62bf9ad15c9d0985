import { describe, expect, test } from "vitest";
import { groupNorm, layerNorm } from "../ops/normalize.ts";
import { input, type Tensor } from "../tensor.ts";
import { evaluate, numbers, random } from "../testing/evaluate.ts";
import { operatorNames } from "../testing/operators.ts";
import { centerNormalization } from "./center-normalization.ts";
import { simplify } from "./simplify.ts";

const leaf = (name: string, ...shape: (number | string)[]) => input(name, { dtype: "float32", shape });
const after = (y: Tensor, ...leaves: Tensor[]) => simplify([y], leaves, [centerNormalization])[0]!;

describe("a layer normalisation", () => {
  test("is given rows of zero mean, once, for any number of rows", () => {
    const [x, scale] = [leaf("x", "batch", 3, 8), leaf("scale", 8)];
    const once = after(layerNorm(x, scale), x, scale);
    expect(operatorNames(once)).toEqual(["ReduceMean", "Sub", "LayerNormalization"]);
    expect(operatorNames(after(once, x, scale))).toEqual(["ReduceMean", "Sub", "LayerNormalization"]);
  });

  test("of the groups of a group normalisation likewise, and nothing else", () => {
    const [x, scale, bias] = [leaf("x", "batch", 6, 3, 5), leaf("scale", 6), leaf("bias", 6)];
    expect(operatorNames(after(groupNorm(x, scale, bias, 2, 1e-5), x, scale, bias))).toEqual([
      ...[
        "Reshape",
        "ReduceMean",
        "Sub",
        "LayerNormalization",
        "Reshape",
        "Reshape",
        "Mul",
        "Reshape",
        "Add",
      ],
    ]);
  });

  test("gives the same values, the mean and the deviation too", async () => {
    const outputs = await evaluate(
      (x, scale, bias) => {
        const all = layerNorm(x!, scale, bias).node.outputs;
        const leaves = [x!, scale!, bias!];
        return [...simplify(all, leaves), ...simplify(all, leaves, [centerNormalization])];
      },
      random([5, 64], 1, 2, 3),
      random([64], 2),
      random([64], 3),
    );
    const values = outputs.map(numbers);
    for (const [plain, centered] of [0, 1, 2].map((i) => [values[i]!, values[i + 3]!] as const))
      for (const [i, value] of centered.entries()) expect(value).toBeCloseTo(plain[i]!, 4);
    expect(values[1]![0]).toBeGreaterThan(2);
  });
});
