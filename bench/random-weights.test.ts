import { f32, fanInUniform, ones, trace } from "@proteoscope/engine";
import { expect, it } from "vitest";
import { randomInput, randomWeights } from "./random-weights.ts";

const { parameters } = trace(
  (w) => ({
    wide: w.parameter("wide", [300, 300], fanInUniform(4)),
    normal: w.parameter("normal", [3, 40_000], { kind: "normal", mean: 1, deviation: 0.02 }),
    scale: w.parameter("scale", [7], ones),
  }),
  { x: f32(1) },
);

it("gives every parameter its shape and the spread of its initializer", () => {
  const weights = randomWeights(parameters);
  expect([...weights].map(([name, { shape }]) => [name, ...shape])).toEqual([
    ["wide", 300, 300],
    ["normal", 3, 40_000],
    ["scale", 7],
  ]);
  const wide = weights.get("wide")!.data as Float32Array;
  expect(wide.every((value) => Math.abs(value) <= 0.5)).toBe(true);
  expect(wide.filter((value) => value === 0).length).toBeLessThan(5);
  expect(Math.max(...wide.subarray(70_000))).toBeGreaterThan(0.49); // filled to the end
  const normal = weights.get("normal")!.data as Float32Array;
  const mean = normal.reduce((sum, value) => sum + value, 0) / normal.length;
  const variance = normal.reduce((sum, value) => sum + (value - mean) ** 2, 0) / normal.length;
  expect(mean).toBeCloseTo(1, 3);
  expect(Math.sqrt(variance)).toBeCloseTo(0.02, 3);
  expect([...weights.get("scale")!.data]).toEqual(Array(7).fill(1));
});

it("gives inputs by name, the same in every run", () => {
  expect(randomInput("a", 2, 3)).toEqual(randomInput("a", 2, 3));
  expect(randomInput("a", 6).data).not.toEqual(randomInput("b", 6).data);
  expect(randomInput("a", 2, 3).shape).toEqual([2, 3]);
});
