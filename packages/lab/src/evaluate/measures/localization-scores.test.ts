import { describe, expect, it } from "vitest";
import { compartments, sequenceTargets } from "../../data/atlas/compartments.ts";
import { protein } from "../../testing/atlas-fixture.ts";
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
    expect(scores).toMatchObject({ macroAveragePrecision: 1, macroF1: 1, macroMatthews: 1, jaccard: 1 });
    expect(Object.keys(scores.byLabel)).toEqual(["ER", "Golgi"]);
  });

  it("falls to the fraction of true labels for equal probabilities", () => {
    const same = targets.map(() => new Float32Array(compartments.length).fill(0.4));
    expect(scoreLocalization(same, targets)).toMatchObject({
      ...{ macroAveragePrecision: 0.5, macroF1: 0, macroMatthews: 0, jaccard: 0 },
    });
  });

  it("leaves out labels of too few proteins", () => {
    const few = targets.slice(3); // 3 of the Golgi
    expect(Object.keys(scoreLocalization(certain.slice(3), few).byLabel)).toEqual(["ER"]);
  });

  it("counts any part of the nucleus where the source states only the whole", () => {
    const nuclear = protein({ source: "deeploc2-swissprot", labels: [{ name: "nucleoplasm", weight: 1 }] });
    const rows = [...Array(5).fill(nuclear), ...proteins].map(sequenceTargets);
    const predicted = rows.map((_, row) => {
      const values = new Float32Array(compartments.length);
      if (row < 5) values[compartments.indexOf("nucleolus")] = 0.9;
      return values;
    });
    const { byLabel } = scoreLocalization(predicted, rows);
    expect(byLabel["any nucleus"]).toEqual({ averagePrecision: 1, f1: 1, matthews: 1 });
    expect(byLabel).not.toHaveProperty("nucleoplasm");
  });

  it("gives F1 and Matthews' correlation of each label from its calls", () => {
    const er = compartments.indexOf("ER");
    const golgi = compartments.indexOf("Golgi");
    // 6 of the Golgi, 6 of the ER: two of each are called the other, one of the ER is called both.
    const predicted = targets.map((_, row) => {
      const values = new Float32Array(compartments.length);
      const isSwapped = row % 6 < 2;
      values[row < 6 === isSwapped ? er : golgi] = 0.8;
      if (row === 11) values[golgi] = 0.5;
      return values;
    });
    const { byLabel, jaccard, macroF1, macroMatthews } = scoreLocalization(predicted, targets);
    expect(byLabel.ER!.f1).toBeCloseTo(8 / (8 + 2 + 2), 12); // 4 hits, 2 false, 2 missed, 4 rest
    expect(byLabel.ER!.matthews).toBeCloseTo((4 * 4 - 2 * 2) / 36, 12);
    expect(byLabel.Golgi!.f1).toBeCloseTo(8 / (8 + 3 + 2), 12); // 4 hits, 3 false, 2 missed, 3 rest
    expect(byLabel.Golgi!.matthews).toBeCloseTo((4 * 3 - 3 * 2) / Math.sqrt(7 * 6 * 6 * 5), 12);
    expect(macroF1).toBeCloseTo((byLabel.ER!.f1 + byLabel.Golgi!.f1) / 2, 12);
    expect(macroMatthews).toBeCloseTo((byLabel.ER!.matthews + byLabel.Golgi!.matthews) / 2, 12);
    expect(jaccard).toBeCloseTo((7 * 1 + 1 / 2) / 12, 12); // four are called wrong, one half
  });

  it("counts a whole once in Jaccard's index, and what is not known nowhere", () => {
    const nuclear = protein({
      source: "deeploc2-swissprot",
      labels: [
        { name: "nucleoplasm", weight: 1 },
        { name: "Golgi", weight: 1 },
      ],
    });
    const values = new Float32Array(compartments.length);
    for (const name of ["nucleolus", "nuclear_domains", "nuclear_membrane"] as const)
      values[compartments.indexOf(name)] = 0.4; // none is called, any of them is
    expect(scoreLocalization([values], [sequenceTargets(nuclear)]).jaccard).toBe(1 / 2);
    values[compartments.indexOf("ER")] = 0.9;
    expect(scoreLocalization([values], [sequenceTargets(nuclear)]).jaccard).toBe(1 / 3);
  });
});
