import { describe, expect, it } from "vitest";
import { grad } from "../gradient.ts";
import { constant, type Tensor } from "../tensor.ts";
import { array, evaluate, numbers } from "../testing/evaluate.ts";
import { expectGradients } from "../testing/finite-differences.ts";
import { sum } from "./broadcast.ts";
import { mul } from "./elementwise.ts";
import { averagePool, maxPool } from "./pool.ts";

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** y = pool(x), and the gradient of sum(y * weights) with weights 1, 2, 3, ... */
async function run(pool: (x: Tensor) => Tensor, shape: readonly number[], data: readonly number[]) {
  const [y, gradient] = await evaluate(
    (x) => {
      const y = pool(x!);
      const weights = Array.from({ length: size(y.shape as number[]) }, (_, i) => i + 1);
      return [y, ...grad(sum(mul(y, constant(array(y.shape as number[], weights)))), [x!])];
    },
    array(shape, data),
  );
  return { shape: y!.shape, y: numbers(y!), gradient: numbers(gradient!) };
}

/** Distinct multiples of 0.1 in a scrambled order, so that a small step changes no order. */
function scrambled(shape: readonly number[]) {
  const count = size(shape);
  const values = Array.from({ length: count }, (_, i) => 0.1 * (((i + 1) * 101) % count) - 0.05 * count);
  return array(shape, values);
}

describe("maxPool", () => {
  it("takes the largest value of each window", async () => {
    const x = [1, 2, 5, 4, 3, 0, 7, 1, 9, 8, 2, 2, 1, 1, 6, 3];
    const result = await run((t) => maxPool(t, { kernel: 2 }), [1, 1, 4, 4], x);
    expect(result.y).toEqual([3, 7, 9, 6]);
    expect(result.gradient).toEqual([0, 0, 0, 0, 1, 0, 2, 0, 3, 0, 0, 0, 0, 0, 4, 0]);
  });

  it("leaves out a remainder, or with `ceil` has a window hang over it", async () => {
    const x = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const floor = await run((t) => maxPool(t, { kernel: 2 }), [1, 1, 3, 3], x);
    expect(floor.shape).toEqual([1, 1, 1, 1]);
    expect(floor.gradient).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0]);
    const ceil = await run((t) => maxPool(t, { kernel: 2, ceil: true }), [1, 1, 3, 3], x);
    expect(ceil.y).toEqual([5, 6, 8, 9]);
    expect(ceil.gradient).toEqual([0, 0, 0, 0, 1, 2, 0, 3, 4]);
  });

  it("adds the gradients of overlapping windows", async () => {
    const x = [0, 0, 0, 0, 9, 0, 0, 0, 0];
    const result = await run((t) => maxPool(t, { kernel: 2, stride: 1 }), [1, 1, 3, 3], x);
    expect(result.gradient).toEqual([0, 0, 0, 0, 10, 0, 0, 0, 0]);
  });

  it("gives the gradient of equal values to the first of them alone, as PyTorch does", async () => {
    const result = await run((t) => maxPool(t, { kernel: 2 }), [1, 1, 2, 4], [0, 3, 5, 5, 3, 3, 5, 5]);
    expect(result.gradient).toEqual([0, 1, 2, 0, 0, 0, 0, 0]);
  });

  it("finds the largest of negative values in a window that hangs over", async () => {
    const result = await run(
      (t) => maxPool(t, { kernel: 2, ceil: true }),
      [1, 1, 2, 3],
      [-2, -2, -2, -2, -2, -2],
    );
    expect(result.y).toEqual([-2, -2]);
    expect(result.gradient).toEqual([1, 0, 2, 0, 0, 0]);
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
    await expectGradients((x) => maxPool(x, options), [scrambled(shape)], { elements: 96 });
  });

  it("refuses what is no image, a window larger than it, and a stride that skips pixels", () => {
    const image = (...shape: number[]) => constant(array(shape, Array<number>(size(shape)).fill(0)));
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
    const x = [1, 2, 3, 4, 5, 6, 7, 8];
    const result = await run((t) => averagePool(t, { kernel: 2 }), [1, 1, 2, 4], x);
    expect(result.y).toEqual([3.5, 5.5]);
    expect(result.gradient).toEqual([0.25, 0.25, 0.5, 0.5, 0.25, 0.25, 0.5, 0.5]);
  });

  it.each([
    [{ kernel: 2 }, [2, 2, 4, 5]],
    [{ kernel: 3, stride: 2 }, [1, 2, 7, 6]],
  ])("has the gradient of differences: %o of %o", async (options, shape) => {
    await expectGradients((x) => averagePool(x, options), [scrambled(shape)], { elements: 96 });
  });
});
