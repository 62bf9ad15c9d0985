import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { cumulate, drawIndex } from "./weighted-sampler.ts";

describe("drawIndex", () => {
  it("samples in proportion to the weights, and never an item of weight 0", () => {
    const sums = cumulate([0, 1, 0, 3, 0]);
    const counts = [0, 0, 0, 0, 0];
    for (const uniform of createGenerator(3, "draws").uniform(20_000)) counts[drawIndex(sums, uniform)]!++;
    expect(counts.map((count) => count / 20_000)).toEqual([
      ...[0, expect.closeTo(0.25, 1), 0],
      ...[expect.closeTo(0.75, 1), 0],
    ]);
    expect([0, 1 - 2 ** -24].map((uniform) => drawIndex(sums, uniform))).toEqual([1, 3]);
  });

  it("refuses weights that are all 0, negative or no numbers", () => {
    expect(() => cumulate([0, 0])).toThrow(/no weight is above 0/);
    expect(() => cumulate([])).toThrow(/no weight is above 0/);
    expect(() => cumulate([1, -1])).toThrow(/weight 1 is -1/);
    expect(() => cumulate([Number.NaN])).toThrow(/weight 0 is NaN/);
  });
});
