import { describe, expect, it } from "vitest";
import { histogramOf, histogramPath } from "./histogram.ts";

describe("a histogram", () => {
  it("counts every value of all planes", () => {
    const { counts, low, high } = histogramOf([Float32Array.of(0, 0.1, 0.99), Float32Array.of(1, 0.5)], 4);
    expect([low, high]).toEqual([0, 1]);
    expect(counts).toEqual([2, 0, 1, 2]);
  });

  it("is wider where values are outside of 0 to 1", () => {
    const { low, high, counts } = histogramOf([Float32Array.of(-1, 3)], 8);
    expect([low, high]).toEqual([-1, 3]);
    expect([counts[0], counts.at(-1)]).toEqual([1, 1]);
  });

  it("has a closed outline, the fullest bin at full height and an empty one at none", () => {
    const path = histogramPath({ low: 0, high: 1, counts: [0, 9, 1] }, 30, 10);
    expect(path).toBe("M0 10L0.00 10.00H10.00L10.00 0.00H20.00L20.00 6.99H30.00V10Z");
  });
});
