import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile } from "../compile.ts";
import { grad } from "../gradient.ts";
import { openRuntime } from "../node.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { constant, type Tensor } from "../tensor.ts";
import { f32 } from "../trace.ts";
import { mul } from "./elementwise.ts";
import { averagePool, maxPool } from "./pool.ts";
import { sum } from "./reduce.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu" });
});
afterAll(() => runtime.close());

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Distinct multiples of 0.1 in a scrambled order, so that a small step changes no order. */
function scrambled(count: number): Float32Array {
  const prime = [101, 103, 107, 109, 113].find((candidate) => count % candidate !== 0)!;
  return Float32Array.from({ length: count }, (_, i) => 0.1 * (((i + 1) * prime) % count) - 0.05 * count);
}

/** y = pool(x), and the gradient of sum(y * weights) with weights 1, 2, 3, ... */
async function run(pool: (x: Tensor) => Tensor, shape: readonly number[], rows: readonly Float32Array[]) {
  const program = await compile(
    runtime,
    (_, { x }) => {
      const y = pool(x);
      const data = Float32Array.from({ length: size(y.shape as number[]) }, (_, i) => i + 1);
      const loss = sum(mul(y, constant({ dtype: "float32", shape: y.shape as number[], data })));
      return { y, loss, gradient: grad(loss, [x])[0]! };
    },
    { x: f32(...shape) },
    { weights: new Map() },
  );
  const results = [];
  for (const data of rows) results.push(await program.run({ x: { dtype: "float32", shape, data } }));
  await program.close();
  return results;
}

async function expectDifferences(pool: (x: Tensor) => Tensor, shape: readonly number[]): Promise<void> {
  const x = scrambled(size(shape));
  const step = 0.01;
  const moved = [...x].flatMap((_, i) => [x.with(i, x[i]! + step), x.with(i, x[i]! - step)]);
  const [here, ...around] = await run(pool, shape, [x, ...moved]);
  const loss = around.map(({ loss }) => (loss.data as Float32Array)[0]!);
  const gradient = here!.gradient.data as Float32Array;
  expect(here!.gradient.shape).toEqual(shape);
  for (let i = 0; i < x.length; i++) {
    const difference = (loss[2 * i]! - loss[2 * i + 1]!) / (2 * step);
    expect(
      Math.abs(gradient[i]! - difference),
      `pixel ${i}: ${gradient[i]}, by differences ${difference}`,
    ).toBeLessThan(0.02 * (1 + Math.abs(difference)));
  }
}

const values = (array: { data: unknown }) => [...(array.data as Float32Array)];

describe("maxPool", () => {
  it("takes the largest value of each window", async () => {
    const x = Float32Array.of(1, 2, 5, 4, 3, 0, 7, 1, 9, 8, 2, 2, 1, 1, 6, 3);
    const [result] = await run((t) => maxPool(t, { kernel: 2 }), [1, 1, 4, 4], [x]);
    expect(values(result!.y)).toEqual([3, 7, 9, 6]);
    expect(values(result!.gradient)).toEqual([0, 0, 0, 0, 1, 0, 2, 0, 3, 0, 0, 0, 0, 0, 4, 0]);
  });

  it("leaves out a remainder, or with `ceil` has a window hang over it", async () => {
    const x = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
    const [floor] = await run((t) => maxPool(t, { kernel: 2 }), [1, 1, 3, 3], [x]);
    expect(floor!.y.shape).toEqual([1, 1, 1, 1]);
    expect(values(floor!.gradient)).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0]);
    const [ceil] = await run((t) => maxPool(t, { kernel: 2, ceil: true }), [1, 1, 3, 3], [x]);
    expect(values(ceil!.y)).toEqual([5, 6, 8, 9]);
    expect(values(ceil!.gradient)).toEqual([0, 0, 0, 0, 1, 2, 0, 3, 4]);
  });

  it("adds the gradients of overlapping windows", async () => {
    const x = Float32Array.of(0, 0, 0, 0, 9, 0, 0, 0, 0);
    const [result] = await run((t) => maxPool(t, { kernel: 2, stride: 1 }), [1, 1, 3, 3], [x]);
    expect(values(result!.gradient)).toEqual([0, 0, 0, 0, 10, 0, 0, 0, 0]);
  });

  it("gives the gradient of equal values to the first of them alone, as PyTorch does", async () => {
    const [result] = await run(
      (t) => maxPool(t, { kernel: 2 }),
      [1, 1, 2, 4],
      [Float32Array.of(0, 3, 5, 5, 3, 3, 5, 5)],
    );
    expect(values(result!.gradient)).toEqual([0, 1, 2, 0, 0, 0, 0, 0]);
  });

  it("finds the largest of negative values in a window that hangs over", async () => {
    const [result] = await run(
      (t) => maxPool(t, { kernel: 2, ceil: true }),
      [1, 1, 1 + 1, 3],
      [new Float32Array(6).fill(-2)],
    );
    expect(values(result!.y)).toEqual([-2, -2]);
    expect(values(result!.gradient)).toEqual([1, 0, 2, 0, 0, 0]);
  });

  it.each([
    [{ kernel: 2 }, [2, 2, 4, 6]],
    [{ kernel: 2 }, [1, 2, 5, 7]],
    [{ kernel: 3, stride: 2 }, [2, 1, 7, 8]],
    [{ kernel: 3, stride: 2, ceil: true }, [1, 2, 8, 6]],
    [{ kernel: 3, stride: 1 }, [1, 2, 5, 4]],
    [{ kernel: 5, stride: 2, ceil: true }, [1, 1, 8, 9]],
    [{ kernel: 3, stride: 3, ceil: true }, [1, 1, 7, 8]],
  ])("has the gradient of differences: %o of %o", async (options, shape) => {
    await expectDifferences((x) => maxPool(x, options), shape);
  });

  it("refuses what is no image, a window larger than it, and a stride that skips pixels", () => {
    const image = (...shape: number[]) =>
      constant({ dtype: "float32", shape, data: new Float32Array(size(shape)) });
    expect(() => maxPool(image(4, 4), { kernel: 2 })).toThrow("[4, 4] is not [B, C, H, W]");
    expect(() => maxPool(image(1, 1, 2, 8), { kernel: 3 })).toThrow(
      "a window of 3 is larger than [1, 1, 2, 8]",
    );
    expect(() => maxPool(image(1, 1, 8, 8), { kernel: 2, stride: 3 })).toThrow("kernel 2 and stride 3");
    expect(() => maxPool(image(1, 1, 8, 8), { kernel: 0 })).toThrow("kernel 0");
  });
});

describe("averagePool", () => {
  it("takes the mean of each window and spreads its gradient evenly", async () => {
    const x = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const [result] = await run((t) => averagePool(t, { kernel: 2 }), [1, 1, 2, 4], [x]);
    expect(values(result!.y)).toEqual([3.5, 5.5]);
    expect(values(result!.gradient)).toEqual([0.25, 0.25, 0.5, 0.5, 0.25, 0.25, 0.5, 0.5]);
  });

  it.each([
    [{ kernel: 2 }, [2, 2, 4, 5]],
    [{ kernel: 3, stride: 2 }, [1, 2, 7, 6]],
  ])("has the gradient of differences: %o of %o", async (options, shape) => {
    await expectDifferences((x) => averagePool(x, options), shape);
  });
});
