import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import {
  benjaminiHochberg,
  effectSize,
  empiricalP,
  logOddsEffect,
  overNuclei,
  summarizeNull,
} from "./statistics.ts";

describe("the effect", () => {
  it("is the root mean square change of calibrated log-odds", () => {
    expect(logOddsEffect(Float32Array.of(1, 2), Float32Array.of(4, -2), 1)).toBeCloseTo(Math.sqrt(12.5), 6);
    expect(logOddsEffect(Float32Array.of(1, 2), Float32Array.of(4, -2), 0.5)).toBeCloseTo(
      Math.sqrt(12.5) / 2,
      6,
    );
    expect(logOddsEffect(Float32Array.of(1, 2), Float32Array.of(1, 2), 1)).toBe(0);
  });
});

describe("an empirical p", () => {
  it("counts the draws that are as unusual, and itself", () => {
    const draws = [1, 2, 3, 4];
    expect([0, 3, 5].map((effect) => empiricalP(effect, draws, "large"))).toEqual([1, 3 / 5, 1 / 5]);
    expect([0, 3, 5].map((effect) => empiricalP(effect, draws, "small"))).toEqual([1 / 5, 4 / 5, 1]);
  });

  it("is uniform where the effect is another draw", () => {
    const values = createGenerator(3, "uniform").normal(200 * 20);
    const ps = Array.from({ length: 200 }, (_, index) => {
      const [effect, ...draws] = values.slice(index * 20, (index + 1) * 20);
      return empiricalP(effect!, draws, "large");
    });
    const mean = ps.reduce((sum, p) => sum + p, 0) / 200;
    expect(mean).toBeGreaterThan(0.45);
    expect(mean).toBeLessThan(0.6);
    expect(ps.filter((p) => p <= 0.1).length).toBeLessThan(40);
  });
});

describe("Benjamini and Hochberg's correction", () => {
  it("is that of their paper's procedure", () => {
    const corrected = benjaminiHochberg([0.01, 0.04, 0.03, 0.005]);
    for (const [index, q] of [0.02, 0.04, 0.04, 0.02].entries()) expect(corrected[index]).toBeCloseTo(q, 12);
    expect(benjaminiHochberg([1, 1])).toEqual([1, 1]);
    expect(benjaminiHochberg([])).toEqual([]);
  });
});

describe("the summary of a null", () => {
  const draws = Array.from({ length: 99 }, (_, index) => index + 1);

  it("has the effect that shows by itself, and among many tests", () => {
    const summary = summarizeNull(draws, 5, "large");
    expect(summary).toMatchObject({ draws: 99, median: 50, smallestEffect: 95, smallestCorrectedEffect: 99 });
    expect(empiricalP(summary.smallestEffect, draws, "large")).toBeLessThanOrEqual(0.06);
    expect(empiricalP(summary.smallestCorrectedEffect!, draws, "large") * 5).toBeLessThanOrEqual(0.1);
  });

  it("says that too few draws show nothing", () => {
    expect(summarizeNull(draws, 100, "large").smallestCorrectedEffect).toBeNull();
  });

  it("looks at the other end for fragments", () => {
    expect(summarizeNull(draws, 1, "small").smallestEffect).toBe(5);
  });

  it("measures effects in its deviations", () => {
    const summary = summarizeNull(draws, 1, "large");
    expect(effectSize(50, summary)).toBe(0);
    expect(effectSize(50 + summary.deviation, summary)).toBeCloseTo(1, 12);
  });
});

describe("a mean over nuclei and seeds", () => {
  it("has an interval around it that one value has not", () => {
    const { mean, interval95 } = overNuclei([
      [1, 2],
      [3, 4],
    ]);
    expect(mean).toBe(2.5);
    expect(interval95![0]).toBeGreaterThanOrEqual(1);
    expect(interval95![0]).toBeLessThan(2.5);
    expect(interval95![1]).toBeGreaterThan(2.5);
    expect(overNuclei([[7]])).toEqual({ mean: 7, interval95: null });
  });

  it("is wider where nuclei differ than where seeds do", () => {
    const width = (rows: number[][]) => {
      const [low, high] = overNuclei(rows).interval95!;
      return high - low;
    };
    const betweenNuclei = Array.from({ length: 4 }, (_, nucleus) => Array.from({ length: 4 }, () => nucleus));
    const betweenSeeds = Array.from({ length: 4 }, () => Array.from({ length: 4 }, (_, seed) => seed));
    expect(width(betweenNuclei)).toBeGreaterThan(width(betweenSeeds));
  });
});
