import { describe, expect, it } from "vitest";
import type { LabelClass } from "../../data/atlas/label-class.ts";
import {
  accuracy,
  bestMacroClass,
  type ClassPrediction,
  chanceOf,
  confusion,
  isRight,
  likeliest,
  macroMean,
  mostFrequentClass,
  totalVariation,
} from "./accuracy.ts";

const er: LabelClass = { name: "ER", members: ["ER"] };
const nucleus: LabelClass = { name: "nucleus (any part)", members: ["nucleoplasm", "nucleolus"] };
const compartments = ["ER", "nucleoplasm", "nucleolus", "Golgi"];
const answers: ClassPrediction[] = [
  { label: er, predicted: "ER" },
  { label: er, predicted: "Golgi" },
  { label: er, predicted: "Golgi" },
  { label: nucleus, predicted: "nucleolus" },
];

describe("predictions", () => {
  it("are right where they name the class or any part of it", () => {
    expect(accuracy(answers)).toBe(0.5);
    expect(accuracy([])).toBeNaN();
  });

  it("count every class alike in the macro recall", () => {
    const values = answers.map((one) => ({ label: one.label, value: isRight(one) ? 1 : 0 }));
    expect(macroMean(values)).toBeCloseTo((1 / 3 + 1) / 2, 12);
    expect(macroMean([])).toBeNaN();
  });

  it("are held to chance by how many of them are right", () => {
    expect([er, nucleus].map((label) => chanceOf(label, 4))).toEqual([0.25, 0.5]);
  });

  it("have a most frequent class among those that are right for several labels", () => {
    const nucleolus: LabelClass = { name: "nucleolus", members: ["nucleolus"] };
    expect(mostFrequentClass([er, nucleus, nucleolus], compartments)).toBe("nucleolus");
    expect(mostFrequentClass([er, nucleolus], compartments)).toBe("ER");
  });

  it("have a best constant for the macro recall, which counts classes and not proteins", () => {
    const nucleolus: LabelClass = { name: "nucleolus", members: ["nucleolus"] };
    const labels = [er, er, er, nucleus, nucleolus];
    expect(mostFrequentClass(labels, compartments)).toBe("ER");
    expect(bestMacroClass(labels, compartments)).toBe("nucleolus");
  });

  it("are counted in a table of classes and predictions, also for classes that do not occur", () => {
    const classes = ["ER", "nucleus (any part)", "Golgi"];
    expect(confusion(answers, classes, compartments).counts).toEqual([
      [1, 0, 0, 2],
      [0, 0, 1, 0],
      [0, 0, 0, 0],
    ]);
  });
});

describe("probabilities", () => {
  it("have a likeliest name", () => {
    expect(likeliest(compartments, [0.1, 0.4, 0.4, 0.1])).toBe("nucleoplasm");
  });

  it("differ by what would have to be moved from one to the other", () => {
    expect(totalVariation([1, 0], [0, 1])).toBe(1);
    expect(totalVariation([0.5, 0.5], [0.5, 0.5])).toBe(0);
    expect(totalVariation([0.6, 0.2], [0.25, 0.75])).toBeCloseTo(0.5, 12);
  });
});
