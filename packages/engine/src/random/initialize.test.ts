import { expect, test } from "vitest";
import { convolution, embedding, linear } from "../nn/layers.ts";
import { constant, type NdArray } from "../tensor.ts";
import { f32, trace } from "../trace.ts";
import type { Weights } from "../weights.ts";
import { initializeWeights } from "./initialize.ts";

const declarationsOf = (declare: (w: Weights) => void) =>
  trace((w) => {
    declare(w);
    return {};
  }, {}).parameters;

const values = (weights: Map<string, NdArray>, name: string) => weights.get(name)!.data as Float32Array;

test("gives every parameter its declared shape, within its initializer's bounds", () => {
  const { parameters } = trace(
    (w, { x }) => ({
      y: linear(w.at("head"), convolution(w.at("conv"), x, 6, { kernel: 3, padding: 1 }), 5),
    }),
    { x: f32(1, 4, 8, 8) },
  );
  const weights = initializeWeights(parameters, 1);
  expect([...weights.keys()].sort()).toEqual(["conv.bias", "conv.weight", "head.bias", "head.weight"]);
  for (const [name, { shape }] of parameters) {
    expect(weights.get(name)).toMatchObject({ dtype: "float32", shape });
    expect(weights.get(name)!.data.length).toBe(shape.reduce((a, b) => a * b, 1));
  }
  const bound = 1 / Math.sqrt(4 * 9);
  const kernel = values(weights, "conv.weight");
  expect(Math.max(...kernel)).toBeLessThanOrEqual(bound);
  expect(Math.min(...kernel)).toBeGreaterThanOrEqual(-bound);
  expect(Math.max(...kernel) - Math.min(...kernel)).toBeGreaterThan(1.8 * bound);
});

test("follows mean and deviation, and fills constants", () => {
  const weights = initializeWeights(
    declarationsOf((w) => {
      w.parameter("table", [200, 50], { kind: "normal", mean: 3, deviation: 0.5 });
      w.buffer("ones", [4], { kind: "constant", value: 1 });
    }),
    2,
  );
  const table = values(weights, "table");
  const mean = table.reduce((a, b) => a + b, 0) / table.length;
  const variance = table.reduce((a, b) => a + (b - mean) ** 2, 0) / table.length;
  expect(mean).toBeCloseTo(3, 1);
  expect(Math.sqrt(variance)).toBeCloseTo(0.5, 1);
  expect([...values(weights, "ones")]).toEqual([1, 1, 1, 1]);
});

test("a value depends on seed and name, not on the parameters around it", () => {
  const small = declarationsOf((w) => void embedding(w.at("a"), indices(), 5, 3));
  const large = declarationsOf((w) => {
    embedding(w.at("b"), indices(), 5, 3);
    embedding(w.at("a"), indices(), 5, 3);
  });
  const first = values(initializeWeights(small, 7), "a.weight");
  expect(values(initializeWeights(large, 7), "a.weight")).toEqual(first);
  expect(values(initializeWeights(large, 7), "b.weight")).not.toEqual(first);
  expect(values(initializeWeights(small, 8), "a.weight")).not.toEqual(first);
});

function indices() {
  return constant({ dtype: "int64", shape: [2], data: BigInt64Array.of(1n, 2n) });
}
