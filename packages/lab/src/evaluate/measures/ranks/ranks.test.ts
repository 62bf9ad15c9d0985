import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { cohensKappa, sharedAnswers } from "./agreement.ts";
import { type EmbeddedPair, pairedDistance } from "./paired-distance.ts";
import { chanceCurve, rankOf, topKCurve } from "./top-k.ts";

describe("ranks", () => {
  it("count from 1, and equal scores share theirs", () => {
    expect([0, 1, 2].map((right) => rankOf([0.2, 0.9, 0.5], right))).toEqual([3, 1, 2]);
    expect(rankOf([1, 1, 1, 1, 1], 3)).toBe(3);
  });

  it("of random scores follow the line of chance", () => {
    const [count, rows] = [40, 4000];
    const values = createGenerator(1, "scores").uniform(count * rows);
    const ranks = Array.from({ length: rows }, (_, i) =>
      rankOf(values.subarray(i * count, (i + 1) * count), i % count),
    );
    const [curve, chance] = [topKCurve(ranks, count), chanceCurve(count, count)];
    for (const [i, value] of curve.entries()) expect(Math.abs(value - chance[i]!)).toBeLessThan(0.03);
    expect(curve.at(-1)).toBe(1);
  });

  it("make a curve that never falls and a line that ends at 1", () => {
    expect(topKCurve([1, 3, 3, 9], 4)).toEqual([0.25, 0.25, 0.75, 0.75]);
    expect(chanceCurve(2, 3)).toEqual([0.5, 1, 1]);
  });
});

describe("paired distance", () => {
  const pairsOf = (spread: number): EmbeddedPair[] =>
    Array.from({ length: 24 }, (_, i) => {
      const protein = `P${i % 8}`;
      const centre = createGenerator(i % 8, "centre").normal(6);
      const noise = createGenerator(i, "noise").normal(12);
      const near = (offset: number) => centre.map((value, d) => spread * value + noise[offset + d]!);
      return { protein, generated: near(0), real: near(6) };
    });

  it("is small beside the shuffled one, with a small p, where images follow their proteins", () => {
    const { paired, shuffled, p, proteins, pairs } = pairedDistance(pairsOf(3))!;
    expect([proteins, pairs]).toEqual([8, 24]);
    expect(paired).toBeLessThan(0.4 * shuffled);
    expect(p).toBeCloseTo(1 / 1001, 12);
  });

  it("is that of shuffled proteins by chance where images follow nothing", () => {
    const ps = Array.from({ length: 30 }, (_, seed) => {
      const unrelated = pairsOf(0).map((pair, i) => ({
        ...pair,
        generated: createGenerator(seed, "any", i).normal(6),
      }));
      return pairedDistance(unrelated, { seed, permutations: 200 })!.p;
    });
    expect(ps.filter((p) => p < 0.05).length).toBeLessThan(6);
    expect(ps.reduce((sum, p) => sum + p, 0) / ps.length).toBeGreaterThan(0.3);
  });

  it("is counted by hand for two proteins", () => {
    const pairs = [
      { protein: "A", generated: [0], real: [1] },
      { protein: "B", generated: [4], real: [2] },
    ];
    const { paired, shuffled, p } = pairedDistance(pairs, { permutations: 999 })!;
    expect(paired).toBe((1 + 4) / 2);
    expect(shuffled).toBeGreaterThan(paired); // half of the orders are the identity, the others give (4 + 9) / 2
    expect(p).toBeGreaterThan(0.4);
    expect(pairedDistance(pairs.slice(0, 1))).toBeUndefined();
  });
});

describe("agreement", () => {
  it("is 1 for a judge and itself, and the same either way round", () => {
    const [a, b] = [
      ["x", "y", "z", "x"],
      ["x", "y", "x", "z"],
    ];
    expect([cohensKappa(a, a), sharedAnswers(a, a)]).toEqual([1, 1]);
    expect(cohensKappa(a, b)).toBe(cohensKappa(b, a));
    expect(cohensKappa(["x"], ["x"])).toBeNaN();
  });

  it("is 0 by chance", () => {
    const answers = (name: string) =>
      [...createGenerator(1, name).integers(5000, 3)].map((value) => `class ${value}`);
    expect(Math.abs(cohensKappa(answers("a"), answers("b")))).toBeLessThan(0.04);
  });
});
