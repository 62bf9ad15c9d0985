import { describe, expect, test } from "vitest";
import { pullback } from "../gradient.ts";
import { type Conv2dOptions, conv2d } from "../ops/convolution.ts";
import { input, type Tensor } from "../tensor.ts";
import { evaluate, numbers, random } from "../testing/evaluate.ts";
import { operatorNames } from "../testing/operators.ts";
import { simplify } from "./simplify.ts";
import { winogradConvolutions } from "./winograd.ts";

/** The output and the gradients of a convolution: as written, or in the form that the rule chooses. */
function directions(x: Tensor, weight: Tensor, bias: Tensor, g: Tensor, options: Conv2dOptions): Tensor[] {
  const y = conv2d(x, weight, bias, options);
  return [y, ...pullback([y], [g], [x, weight, bias]).map((gradient) => gradient!)];
}

const rewritten = (outputs: readonly Tensor[], leaves: readonly Tensor[]) =>
  simplify(outputs, leaves, [winogradConvolutions()]);

const leaf = (name: string, ...shape: (number | string)[]) => input(name, { dtype: "float32", shape });

describe("Winograd's form of a 3x3 convolution", () => {
  test.each([
    { what: "even sides", batch: 2, height: 6, width: 4, inChannels: 96, outChannels: 112 },
    { what: "odd sides", batch: 3, height: 7, width: 5, inChannels: 104, outChannels: 96 },
    { what: "sides of one pixel", batch: 1, height: 1, width: 1, inChannels: 96, outChannels: 96 },
    { what: "a single row", batch: 2, height: 1, width: 9, inChannels: 96, outChannels: 96 },
  ])(
    "$what: output and all gradients are those of the definition",
    async ({ batch, height, width, inChannels, outChannels }) => {
      const results = await evaluate(
        (x, weight, bias, g) => {
          const plain = directions(x!, weight!, bias!, g!, { padding: 1 });
          const fast = rewritten(plain, [x!, weight!, bias!, g!]);
          expect(operatorNames(...plain)).toContain("ConvTranspose");
          expect(operatorNames(...fast).filter((name) => name.startsWith("Conv"))).toEqual([]);
          return [...plain, ...fast];
        },
        random([batch, inChannels, height, width], 1),
        random([outChannels, inChannels, 3, 3], 2),
        random([outChannels], 3),
        random([batch, outChannels, height, width], 4),
      );
      for (const index of [0, 1, 2, 3]) {
        const [plain, fast] = [numbers(results[index]!), numbers(results[index + 4]!)];
        const scale = plain.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        expect(results[index + 4]!.shape).toEqual(results[index]!.shape);
        const worst = plain.reduce((most, value, i) => Math.max(most, Math.abs(fast[i]! - value)), 0);
        expect(worst / scale).toBeLessThan(2e-6);
      }
    },
  );

  test("transforms the weights once for the forward and the backward direction", () => {
    const leaves = [
      leaf("x", 2, 96, 16, 16),
      leaf("w", 96, 96, 3, 3),
      leaf("b", 96),
      leaf("g", 2, 96, 16, 16),
    ];
    const [x, w, b, g] = leaves as [Tensor, Tensor, Tensor, Tensor];
    const names = (outputs: Tensor[]) => operatorNames(...rewritten(outputs, leaves));
    const count = (outputs: Tensor[]) => names(outputs).filter((name) => name === "MatMul").length;
    const [y, gx, gw] = directions(x, w, b, g, { padding: 1 }) as [Tensor, Tensor, Tensor];
    expect(count([y])).toBe(4); // tiles, weights, products, outputs
    expect(count([y, gx])).toBe(7);
    expect(count([y, gx, gw])).toBe(11);
  });

  test("is left alone where it does not fit or does not pay", () => {
    const cases: [(number | string)[], number[], Conv2dOptions][] = [
      [[2, 96, 6, 6], [96, 96, 3, 3], { padding: 1, stride: 2 }],
      [[2, 96, 6, 6], [96, 96, 3, 3], {}],
      [[2, 96, 6, 6], [96, 96, 1, 1], {}],
      [[2, 192, 6, 6], [192, 96, 3, 3], { padding: 1, groups: 2 }],
      [[2, 64, 6, 6], [96, 64, 3, 3], { padding: 1 }],
      [["batch", 96, 6, 6], [96, 96, 3, 3], { padding: 1 }],
    ];
    for (const [image, kernel, options] of cases) {
      const [x, w] = [leaf("x", ...image), leaf("w", ...kernel)];
      expect(operatorNames(...rewritten([conv2d(x, w, undefined, options)], [x, w]))).toEqual(["Conv"]);
    }
  });
});
