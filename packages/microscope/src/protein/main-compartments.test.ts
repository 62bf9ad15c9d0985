import { describe, expect, it } from "vitest";
import type { KnownProtein } from "./known.ts";
import { assignSamples, mainCompartments } from "./main-compartments.ts";

const predicted = { nucleoplasm: 0.5, nucleolus: 0.2, ER: 0.1, cytoplasm: 0.4, extracellular: 0.9, Golgi: 0 };
const nucleus = { name: "nucleus", members: ["nucleoplasm", "nucleolus"] };
const options = {
  sources: [
    { key: "g", title: "Graded", unresolved: [] },
    { key: "l", title: "Listed", unresolved: [nucleus] },
  ],
  predicted,
  shown: ["nucleoplasm", "nucleolus", "ER", "cytoplasm", "Golgi"],
};
type Annotation = KnownProtein["annotations"][number];
const graded = (grades: Record<string, number>): Annotation => ({
  source: "Graded",
  compartments: Object.entries(grades).map(([name, grade]) => ({ name, grade })),
});
const listed = (...names: string[]): Annotation => ({
  source: "Listed",
  compartments: names.map((name) => ({ name, grade: null })),
});
const shares = (...annotations: Annotation[]) =>
  Object.fromEntries(mainCompartments({ accession: "P", gene: null, organism: null, annotations }, options));

describe("mainCompartments", () => {
  it("are in the proportions of their grades, without what is much weaker", () => {
    expect(shares(graded({ ER: 3, cytoplasm: 2 }))).toEqual({ ER: 0.6, cytoplasm: 0.4 });
    expect(shares(graded({ ER: 3, cytoplasm: 1 }))).toEqual({ ER: 1 });
    expect(shares(graded({ ER: 1 }))).toEqual({ ER: 1 });
  });

  it("begin with the largest, and of equal ones with the more probable", () => {
    expect(Object.keys(shares(graded({ cytoplasm: 2, ER: 3 })))).toEqual(["ER", "cytoplasm"]);
    expect(Object.keys(shares(graded({ ER: 3, cytoplasm: 3 })))).toEqual(["cytoplasm", "ER"]);
  });

  it("are put in proportion by the sequence where the source only lists them", () => {
    expect(shares(listed("ER", "cytoplasm"))).toEqual({ cytoplasm: 1 });
    const { nucleoplasm, cytoplasm } = shares(listed("cytoplasm", "nucleus"));
    expect(nucleoplasm).toBeCloseTo(0.6 / 1, 9); // 1 - (1 - 0.5) (1 - 0.2) beside 0.4
    expect(cytoplasm).toBeCloseTo(0.4, 9);
    expect(shares(listed("Golgi"))).toEqual({ Golgi: 1 }); // however improbable it is
  });

  it("have the part of a whole that another source names, else the most probable", () => {
    expect(shares(listed("nucleus"))).toEqual({ nucleoplasm: 1 });
    expect(shares(graded({ nucleolus: 3 }), listed("nucleus"))).toEqual({ nucleolus: 1 });
  });

  it("are those of both sources where the second names one alone, and of the first where it lists several", () => {
    expect(shares(graded({ ER: 3 }), listed("Golgi"))).toEqual({ Golgi: 0.5, ER: 0.5 });
    expect(shares(graded({ ER: 3, cytoplasm: 2 }), listed("ER"))).toEqual({ ER: 1 });
    expect(shares(graded({ ER: 3 }), listed("Golgi", "cytoplasm"))).toEqual({ ER: 1 });
  });

  it("are none where images show none of them", () => {
    expect(shares(listed("extracellular"))).toEqual({});
    expect(shares(listed("extracellular", "ER"))).toEqual({ ER: 1 });
  });
});

describe("assignSamples", () => {
  it("gives each image one compartment, in proportion, the largest first", () => {
    expect(assignSamples([1], 3)).toEqual([0, 0, 0]);
    expect(assignSamples([0.6, 0.4], 5)).toEqual([0, 1, 0, 1, 0]);
    expect(assignSamples([0.5, 0.5], 4)).toEqual([0, 1, 0, 1]);
    const counts = [0, 0, 0];
    for (const index of assignSamples([0.5, 0.3, 0.2], 10)) counts[index]! += 1;
    expect(counts).toEqual([5, 3, 2]);
  });

  it("gives an image the same one however many follow", () => {
    for (const shares of [
      [0.375, 0.375, 0.25],
      [0.43, 0.285, 0.285],
      [2 / 3, 1 / 3],
    ]) {
      const many = assignSamples(shares, 12);
      for (let samples = 1; samples < 12; samples++)
        expect(assignSamples(shares, samples)).toEqual(many.slice(0, samples));
    }
  });
});
