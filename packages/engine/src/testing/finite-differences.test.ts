import { expect, test } from "vitest";
import { mul, sin, stopGradient } from "../ops/elementwise.ts";
import { random } from "./evaluate.ts";
import { expectGradients } from "./finite-differences.ts";

test("accepts a right gradient", async () => {
  await expectGradients((x) => mul(sin(x), x), [random([3, 4], 1)]);
});

test("refuses a gradient that lacks a term", async () => {
  const check = expectGradients((x) => mul(sin(x), stopGradient(x)), [random([3, 4], 1)]);
  await expect(check).rejects.toThrow(/argument 0, element \d+: gradient/);
});
