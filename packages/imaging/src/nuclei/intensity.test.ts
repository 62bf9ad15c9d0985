import { describe, expect, it } from "vitest";
import { otsuThreshold, percentiles } from "./intensity.ts";

describe("percentiles", () => {
  it("interpolates between order statistics as numpy does", () => {
    // numpy.percentile([3, 1, 4, 1, 5, 9, 2, 6], [0, 20, 50, 99.8, 100])
    const values = Float32Array.of(3, 1, 4, 1, 5, 9, 2, 6);
    const expected = [1, 1.4, 3.5, 8.958, 9];
    percentiles(values, [0, 20, 50, 99.8, 100]).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 4);
    });
    expect(Array.from(values)).toEqual([3, 1, 4, 1, 5, 9, 2, 6]);
  });

  it("finds in many values of any sign what sorting finds", () => {
    const ranks = [0, 1, 20, 50, 99.8, 100];
    for (const scale of [1e-3, 1, 1e30]) {
      const values = Float32Array.from({ length: 70_001 }, (_, i) => scale * (((i * 7919) % 9973) - 4000));
      const sorted = values.toSorted();
      percentiles(values, ranks).forEach((value, i) => {
        const position = (ranks[i]! / 100) * 70_000;
        const [below, above] = [sorted[Math.floor(position)]!, sorted[Math.ceil(position)]!];
        expect(value).toBe(below + (position % 1) * (above - below));
      });
    }
  });

  it("is the value itself when there is only one, and NaN when there is none", () => {
    expect(percentiles(Float32Array.of(6), [20, 99.8])).toEqual([6, 6]);
    expect(percentiles(new Float32Array(0), [50])).toEqual([NaN]);
  });
});

describe("otsuThreshold", () => {
  it("lies in the middle of the gap between two separate classes", () => {
    const values = Float32Array.from({ length: 1000 }, (_, i) => (i < 900 ? 0.1 : 0.7) + (i % 10) * 0.001);
    expect(otsuThreshold(values)).toBeCloseTo(0.405, 2);
  });

  it("halves the range of evenly spread values", () => {
    expect(otsuThreshold(Float32Array.from({ length: 1024 }, (_, i) => i / 1024))).toBeCloseTo(0.5, 2);
  });

  it("equals an exhaustive search over the variance between the classes", () => {
    const values = Float32Array.from({ length: 400 }, (_, i) => ((i * i * 37) % 997) / 997 / (i % 3 ? 2 : 1));
    const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
    const merit = (threshold: number) => {
      const low = [...values].filter((value) => value < threshold);
      const high = [...values].filter((value) => value >= threshold);
      return low.length && high.length ? low.length * high.length * (mean(low) - mean(high)) ** 2 : 0;
    };
    const best = Math.max(...Array.from({ length: 511 }, (_, i) => merit((i + 1) / 512)));
    expect(merit(otsuThreshold(values))).toBeGreaterThan(0.999 * best);
  });
});
