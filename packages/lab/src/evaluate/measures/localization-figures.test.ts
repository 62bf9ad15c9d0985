import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { compartments, sequenceTargets } from "../../data/atlas/compartments.ts";
import { protein } from "../../testing/atlas-fixture.ts";
import { localizationFigures } from "./localization-figures.ts";
import { scoreLocalization } from "./localization-scores.ts";
import { type Judged, judgedLabels, judgeLabels } from "./multi-label.ts";

const halves = judgedLabels.map(() => 0.5);

describe("the figures of a set", () => {
  // Ten proteins, two labels: ER 5 true, of which 4 called, and 1 false call; Golgi 5 true, all called, nothing else.
  const call = (isTrue: boolean, called: boolean): Judged => ({ isTrue, probability: called ? 0.9 : 0.1 });
  const rows = Array.from({ length: 10 }, (_, index) =>
    judgedLabels.map((name) => {
      if (name === "ER") return call(index < 5, index > 0 && index < 6);
      return name === "Golgi" ? call(index >= 5, index >= 5) : undefined;
    }),
  );
  const figures = localizationFigures(rows, halves, { rounds: 100 });

  it("are those of its labels and their means", () => {
    expect(Object.keys(figures.labels)).toEqual(["ER", "Golgi"]);
    expect(figures.labels.ER).toMatchObject({ positives: 5, f1: { value: 0.8, n: 10 } });
    expect(figures.labels.ER!.matthews!.value).toBeCloseTo((4 * 4 - 1) / 25, 12);
    expect(figures.macroF1!.value).toBeCloseTo(0.9, 12);
    expect(figures.microF1!.value).toBeCloseTo(18 / 20, 12);
    expect(figures.macroMatthews!.value).toBeCloseTo((0.6 + 1) / 2, 12);
  });

  it("are those of its proteins: one misses its label, one has one too many", () => {
    expect(figures.exact!.value).toBe(0.8);
    expect(figures.jaccard!.value).toBeCloseTo((8 + 0 + 0.5) / 10, 12);
    const [low, high] = figures.jaccard!.interval95;
    expect(low < 0.85 && high > 0.85 && low >= 0 && high <= 1).toBe(true);
  });

  it("follow the thresholds, and are none of no protein", () => {
    const all = localizationFigures(
      rows,
      judgedLabels.map(() => 0.05),
      { rounds: 10 },
    );
    expect(all.labels.ER!.f1!.value).toBeCloseTo(2 / 3, 12);
    expect(all.labels.ER!.matthews!.value).toBe(0);
    expect(localizationFigures([], halves)).toEqual({
      ...{ macroF1: null, microF1: null, macroMatthews: null, jaccard: null, exact: null },
      labels: {},
    });
  });

  it("agree with the scores of a training at one half", () => {
    const random = createGenerator(1, "figures");
    const drawn = random.integers(150, compartments.length);
    const uniform = random.uniform(150 * compartments.length);
    const proteins = Array.from(drawn, (compartment, index) =>
      protein({
        source: index % 3 === 0 ? "opencell" : "deeploc2-swissprot",
        labels: [{ name: compartments[compartment]!, weight: 3 }],
      }),
    );
    const probabilities = proteins.map((_, index) =>
      uniform.subarray(index * compartments.length, (index + 1) * compartments.length),
    );
    const targets = proteins.map(sequenceTargets);
    const scores = scoreLocalization(probabilities, targets);
    const judged = probabilities.map((row, index) => judgeLabels(row, targets[index]!));
    const { labels, macroF1 } = localizationFigures(judged, halves, { rounds: 2 });
    expect(Object.keys(labels)).toEqual(Object.keys(scores.byLabel));
    expect(Object.keys(labels).length).toBeGreaterThan(8);
    for (const [name, { f1, matthews }] of Object.entries(labels)) {
      expect(f1!.value).toBeCloseTo(scores.byLabel[name]!.f1, 12);
      expect(matthews!.value).toBeCloseTo(scores.byLabel[name]!.matthews, 12);
    }
    expect(macroF1!.value).toBeCloseTo(scores.macroF1, 12);
  });
});
