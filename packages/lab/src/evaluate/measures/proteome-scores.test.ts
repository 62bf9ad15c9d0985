import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { simulateProtein } from "../../data/proteome/proteins.ts";
import { ruledCompartments } from "../../data/proteome/rule.ts";
import type { ProteinTruth } from "../../data/proteome/truth.ts";
import { measureTexture, type ShownProtein, scoreProteome, scoreShuffled } from "./proteome-scores.ts";

const truths = Array.from({ length: 80 }, (_, index): ProteinTruth => {
  const { id, partition, phenotype } = simulateProtein(1, index);
  const mixture = ruledCompartments.map((name) => phenotype.mixture[name]);
  const primary = ruledCompartments[mixture.indexOf(Math.max(...mixture))]!;
  const { granularity, abundance } = phenotype;
  return { id, partition, hasImages: true, primary, mixture, granularity, abundance };
});

/** Images that show the truth with noise. */
const shownWith = (noise: number): ShownProtein[] =>
  truths.map((truth, i) => {
    const random = createGenerator(2, "noise", i).normal(12);
    const mixture = truth.mixture.map((share, c) => Math.max(0, share + noise * random[c]!));
    return {
      ...{ truth, mixture, granularity: 3 * truth.granularity + noise * random[10]! },
      brightness: 0.2 + truth.abundance / 4 + noise * random[11]!,
    };
  });

describe("scores on a simulated proteome", () => {
  it("are 1 for images that show the truth", () => {
    const { proteins, ...scores } = scoreProteome(shownWith(0));
    expect(proteins).toBe(80);
    for (const score of Object.values(scores)) expect(score).toBeCloseTo(1, 5);
  });

  it("fall with noise, and are near 0 under another protein's name", () => {
    const noisy = scoreProteome(shownWith(0.15));
    expect(noisy.mixture).toBeGreaterThan(0.6);
    expect(noisy.mixture).toBeLessThan(0.95);
    const floor = scoreShuffled(shownWith(0));
    expect(floor.accuracy).toBeLessThan(0.4);
    expect(Math.abs(floor.granularity)).toBeLessThan(0.4);
    expect(floor.mixture).toBeLessThan(0.5);
  });

  it("see that one picture per compartment is not enough", () => {
    const alike = shownWith(0).map(({ truth }) => ({
      ...{ truth, granularity: 1, brightness: 1 },
      mixture: ruledCompartments.map((name) => (name === truth.primary ? 1 : 0)),
    }));
    const scores = scoreProteome(alike);
    expect(scores.accuracy).toBe(1);
    expect([scores.pairs, scores.granularity, scores.abundance]).toEqual([0, 0, 0]);
  });
});

describe("measureTexture", () => {
  it("tells grains from a smooth image of the same brightness", () => {
    const side = 20;
    const smooth = measureTexture(new Float32Array(side * side).fill(0.25), side);
    const grains = Float32Array.from({ length: side * side }, (_, i) =>
      (i + Math.floor(i / side)) % 2 ? 0.5 : 0,
    );
    expect(smooth).toEqual({ brightness: 0.25, granularity: 0 });
    expect(measureTexture(grains, side)).toMatchObject({ brightness: 0.25 });
    expect(measureTexture(grains, side).granularity).toBeGreaterThan(1);
  });
});
