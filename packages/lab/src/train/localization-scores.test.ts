import { describe, expect, it } from "vitest";
import { compartments, sequenceTargets } from "../data/compartments.ts";
import { protein } from "../testing/atlas-fixture.ts";
import { averagePrecision, scoreLocalization } from "./localization-scores.ts";

const judged = (...rows: readonly (readonly [number, boolean])[]) =>
  rows.map(([probability, isTrue]) => ({ probability, isTrue }));

describe("averagePrecision", () => {
  it("is 1 where every true item comes before every false one", () => {
    expect(averagePrecision(judged([0.1, false], [0.9, true], [0.8, true]))).toBe(1);
  });

  it("is the mean of the precision at each true item", () => {
    // true at ranks 1, 3, 4: (1 + 2/3 + 3/4) / 3
    const rows = judged([0.9, true], [0.8, false], [0.7, true], [0.6, true]);
    expect(averagePrecision(rows)).toBeCloseTo((1 + 2 / 3 + 3 / 4) / 3, 12);
  });

  it("is the share of true items where all are equally probable, whatever their order", () => {
    const rows = judged([0.5, true], [0.5, false], [0.5, false], [0.5, false]);
    expect(averagePrecision(rows)).toBe(0.25);
    expect(averagePrecision(rows.toReversed())).toBe(0.25);
  });
});

describe("scoreLocalization", () => {
  const inGolgi = protein({ labels: [{ name: "Golgi", weight: 3 }] });
  const inEr = protein({ labels: [{ name: "ER", weight: 3 }] });
  const proteins = [...Array(6).fill(inGolgi), ...Array(6).fill(inEr)];
  const targets = proteins.map(sequenceTargets);
  const certain = targets.map((row) => row.targets);

  it("is 1 for predictions that are right, over the labels that have enough proteins", () => {
    const scores = scoreLocalization(certain, targets);
    expect(scores).toMatchObject({ macroAveragePrecision: 1, macroF1: 1 });
    expect(Object.keys(scores.byLabel)).toEqual(["ER", "Golgi"]);
  });

  it("falls to the share of proteins where nothing is told apart", () => {
    const same = targets.map(() => new Float32Array(compartments.length).fill(0.4));
    expect(scoreLocalization(same, targets)).toMatchObject({ macroAveragePrecision: 0.5, macroF1: 0 });
  });

  it("leaves out labels of too few proteins", () => {
    const few = targets.slice(3); // 3 of the Golgi
    expect(Object.keys(scoreLocalization(certain.slice(3), few).byLabel)).toEqual(["ER"]);
  });

  it("counts any part of the nucleus where the source tells the whole alone", () => {
    const nuclear = protein({ source: "deeploc2-swissprot", labels: [{ name: "nucleoplasm", weight: 1 }] });
    const rows = [...Array(5).fill(nuclear), ...proteins].map(sequenceTargets);
    const predicted = rows.map((_, row) => {
      const values = new Float32Array(compartments.length);
      if (row < 5) values[compartments.indexOf("nucleolus")] = 0.9;
      return values;
    });
    const { byLabel } = scoreLocalization(predicted, rows);
    expect(byLabel["any nucleus"]).toBe(1);
    expect(byLabel).not.toHaveProperty("nucleoplasm");
  });
});
