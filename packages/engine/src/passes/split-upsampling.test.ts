import { describe, expect, test } from "vitest";
import { compile, exportOnnx } from "../compile.ts";
import { convolution } from "../nn/layers.ts";
import { conv2d } from "../ops/convolution.ts";
import { resizeBilinear, resizeNearest } from "../ops/resize.ts";
import { initializeWeights } from "../random/initialize.ts";
import { input, type Tensor } from "../tensor.ts";
import { evaluate, numbers, random, sharedRuntime } from "../testing/evaluate.ts";
import { operatorNames } from "../testing/operators.ts";
import { f32, type Model, trace } from "../trace.ts";
import { simplify } from "./simplify.ts";
import { splitUpsampling } from "./split-upsampling.ts";

const leaf = (name: string, ...shape: (number | string)[]) => input(name, { dtype: "float32", shape });
const namesAfter = (y: Tensor, ...leaves: Tensor[]) =>
  operatorNames(...simplify([y], leaves, [splitUpsampling]));

const upsampled = (x: Tensor, weight: Tensor, bias?: Tensor) =>
  conv2d(
    resizeNearest(x, { height: 2 * (x.shape[2] as number), width: 2 * (x.shape[3] as number) }),
    weight,
    bias,
    {
      padding: 1,
    },
  );

describe("a convolution of a doubled image", () => {
  test.each([
    { what: "several pixels", batch: 2, height: 3, width: 5 },
    { what: "one pixel", batch: 1, height: 1, width: 1 },
    { what: "a single row", batch: 1, height: 1, width: 4 },
  ])("is that of the small image in four parts: $what", async ({ batch, height, width }) => {
    const [plain, fast, unbiased, fastUnbiased] = await evaluate(
      (x, weight, bias) => {
        const both = [upsampled(x!, weight!, bias), upsampled(x!, weight!)];
        const rewritten = simplify(both, [x!, weight!, bias!], [splitUpsampling]);
        expect(operatorNames(...rewritten)).not.toContain("Resize");
        return [both[0]!, rewritten[0]!, both[1]!, rewritten[1]!];
      },
      random([batch, 128, height, width], 1),
      random([160, 128, 3, 3], 2),
      random([160], 3),
    );
    for (const [expected, actual] of [
      [plain!, fast!],
      [unbiased!, fastUnbiased!],
    ] as const) {
      expect(actual.shape).toEqual([batch, 160, 2 * height, 2 * width]);
      const values = numbers(actual);
      const worst = numbers(expected).reduce(
        (most, value, i) => Math.max(most, Math.abs(values[i]! - value)),
        0,
      );
      const scale = numbers(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(worst / scale).toBeLessThan(2e-6);
    }
  });

  test("serves a batch that is open", () => {
    const [x, weight] = [leaf("x", "batch", 128, 4, 4), leaf("w", 128, 128, 3, 3)];
    const [y] = simplify([upsampled(x, weight)], [x, weight], [splitUpsampling]);
    expect(y!.shape).toEqual(["batch", 128, 8, 8]);
    expect(operatorNames(y!).filter((name) => name === "Conv")).toHaveLength(4);
  });

  test("stays where there is nothing to gain, or something else is meant", () => {
    const [x, weight] = [leaf("x", 1, 128, 4, 4), leaf("w", 128, 128, 3, 3)];
    const few = leaf("few", 64, 128, 3, 3);
    const twice = resizeNearest(x, { height: 8, width: 8 });
    const others = [
      upsampled(x, few),
      conv2d(twice, weight, undefined),
      conv2d(twice, weight, undefined, { padding: 1, stride: 2 }),
      conv2d(resizeNearest(x, { height: 7, width: 8 }), weight, undefined, { padding: 1 }),
      conv2d(resizeNearest(x, { height: 12, width: 12 }), weight, undefined, { padding: 1 }),
      conv2d(resizeBilinear(x, { height: 8, width: 8 }), weight, undefined, { padding: 1 }),
      conv2d(x, weight, undefined, { padding: 1 }),
    ];
    for (const y of others) {
      const names = namesAfter(y, x, weight, few);
      expect(names).not.toContain("DepthToSpace");
      expect(names).toContain("Conv");
    }
  });

  test("is split where a program is compiled, and not in an exported file", async () => {
    const types = { x: f32("batch", 128, 2, 2) };
    const model: Model<typeof types> = (w, { x }) => ({
      y: convolution(w, resizeNearest(x, { height: 4, width: 4 }), 128, { kernel: 3, padding: 1 }),
    });
    const traced = trace(model, types);
    const weights = initializeWeights(traced.parameters, 1);
    const x = random([1, 128, 2, 2], 4);
    const runtime = await sharedRuntime;
    const program = await compile(runtime, model, types, { weights });
    const file = exportOnnx(traced, weights);
    expect(new TextDecoder("latin1").decode(file)).not.toContain("DepthToSpace");
    const session = await runtime.load(file);
    const [fast, plain] = [numbers((await program.run({ x })).y!), numbers((await session.run({ x })).y!)];
    await Promise.all([program.close(), session.close()]);
    for (const [i, value] of plain.entries()) expect(fast[i]).toBeCloseTo(value, 4);
    expect(fast).not.toEqual(plain); // other sums of the weights, and so other last bits
  });
});
