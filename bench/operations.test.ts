import { add, conv2d, f32, grad, i64, matmul, mul, sum, type Tensor, trace } from "@proteoscope/engine";
import { esm2, esm2Config } from "@proteoscope/models";
import { expect, it } from "vitest";
import { gflopOf, type OpenSizes } from "./operations.ts";

type Inputs = Parameters<typeof trace>[1];

function count(
  model: (inputs: Record<string, Tensor>) => Tensor[],
  types: Inputs,
  sizes?: OpenSizes,
): number {
  const traced = trace((_, inputs) => Object.fromEntries(model(inputs).map((y, i) => [`y${i}`, y])), types);
  return Math.round(gflopOf(traced, sizes) * 1e9);
}

it("counts a product as two operations for every pair of factors", () => {
  expect(count(({ a, b }) => [matmul(a!, b!)], { a: f32(5, 2, 3), b: f32(3, 7) })).toBe(2 * 5 * 2 * 3 * 7);
});

it("puts sizes in the place of open dimensions, and asks for those it is not given", () => {
  const model = ({ a, b }: Record<string, Tensor>) => [matmul(a!, b!)];
  const types = { a: f32("n", 4, "residues"), b: f32("n", "residues", 4) };
  expect(count(model, types, { n: 3, residues: 10 })).toBe(2 * 3 * 4 * 10 * 4);
  expect(() => count(model, types, { n: 3 })).toThrow('size of "residues"');
});

it("counts a convolution and both of its gradients alike", () => {
  const types = { x: f32(2, 3, 8, 8), weight: f32(4, 3, 3, 3) };
  const forward = ({ x, weight }: Record<string, Tensor>) => conv2d(x!, weight!, undefined, { padding: 1 });
  const once = 2 * (2 * 4 * 8 * 8) * (3 * 3 * 3);
  expect(count((inputs) => [forward(inputs)], types)).toBe(once);
  const withGradients = (inputs: Record<string, Tensor>) => {
    const y = forward(inputs);
    return [y, ...grad(sum(mul(y, y)), [inputs.x!, inputs.weight!])];
  };
  expect(count(withGradients, types)).toBe(3 * once);
});

it("counts what is computed twice once, as it is run", () => {
  const types = { a: f32(4, 4) };
  expect(count(({ a }) => [add(matmul(a!, a!), matmul(a!, a!))], types)).toBe(2 * 4 ** 3);
});

it("agrees with a transformer counted by hand", () => {
  const config = esm2Config({ hiddenSize: 8, numHiddenLayers: 2, numAttentionHeads: 2 });
  const traced = trace((w, { inputIds }) => ({ y: esm2(w, config, { inputIds }).representations.at(-1)! }), {
    inputIds: i64(1, "tokens"),
  });
  const [tokens, width] = [10, 8];
  const bias = 2 * tokens * tokens * config.numAttentionHeads; // of each key: one more column of the product
  const layer = 2 * tokens * width * (4 * width + 8 * width) + 2 * 2 * tokens * tokens * width + bias;
  expect(gflopOf(traced, { tokens }) * 1e9).toBeCloseTo(2 * layer);
});
