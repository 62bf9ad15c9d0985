import { describe, expect, it } from "vitest";
import type { LabelClass } from "../../data/atlas/label-class.ts";
import {
  type Answer,
  accuracy,
  bestMacroAnswer,
  chanceOf,
  confusion,
  isRight,
  likeliest,
  macroMean,
  mostFrequentAnswer,
  totalVariation,
} from "./accuracy.ts";

const er: LabelClass = { name: "ER", members: ["ER"] };
const nucleus: LabelClass = { name: "nucleus (any part)", members: ["nucleoplasm", "nucleolus"] };
const compartments = ["ER", "nucleoplasm", "nucleolus", "Golgi"];
const answers: Answer[] = [
  { label: er, answer: "ER" },
  { label: er, answer: "Golgi" },
  { label: er, answer: "Golgi" },
  { label: nucleus, answer: "nucleolus" },
];

describe("answers", () => {
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

  it("have a most frequent one among those that are right for several classes", () => {
    const nucleolus: LabelClass = { name: "nucleolus", members: ["nucleolus"] };
    expect(mostFrequentAnswer([er, nucleus, nucleolus], compartments)).toBe("nucleolus");
    expect(mostFrequentAnswer([er, nucleolus], compartments)).toBe("ER");
  });

  it("have a best one for the macro recall, which counts classes and not proteins", () => {
    const nucleolus: LabelClass = { name: "nucleolus", members: ["nucleolus"] };
    const labels = [er, er, er, nucleus, nucleolus];
    expect(mostFrequentAnswer(labels, compartments)).toBe("ER");
    expect(bestMacroAnswer(labels, compartments)).toBe("nucleolus");
  });

  it("are counted in a table of classes and answers, also of classes that do not occur", () => {
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
