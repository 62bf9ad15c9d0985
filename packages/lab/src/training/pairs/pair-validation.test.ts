import { describe, expect, it } from "vitest";
import type { Pair } from "../../data/batches/negative-pairs.ts";
import { createPairing } from "../../data/batches/pairs.ts";
import { crop, protein } from "../../testing/atlas-fixture.ts";
import { choosePairs, scorePairs } from "./pair-validation.ts";

const labels = (name: string) => [{ name, weight: 3 }];
const npm1 = protein({ id: "A", uniprot: "P1", labels: labels("nucleolus") });
const fbl = protein({ id: "B", uniprot: "P2", labels: labels("nucleolus") });
const actb = protein({ id: "C", uniprot: "P3", labels: labels("cytoskeleton") });
const proteins = [npm1, fbl, actb];

const cropOf = (index: number, of: typeof npm1) =>
  crop({ index, uniprot: of.uniprot, labels: of.labels, primary: of.labels[0]!.name });
const cropIn = (index: number, name: string) => crop({ index, labels: [{ name, weight: 1 }], primary: name });

describe("the pairs of a validation", () => {
  const crops = [
    cropOf(0, npm1),
    cropIn(1, "nucleolus"),
    cropIn(2, "cytoskeleton"),
    cropIn(3, "nucleolus"),
    cropOf(4, actb),
    cropIn(5, "Golgi"), // of no protein that may be learned from
  ];
  const choose = (count: number, seed = 1) => choosePairs(crops, createPairing(proteins), { count, seed });

  it("are all images of known protein, and some others up to a number", () => {
    expect(choose(0).map(({ crop: { index }, protein: { id } }) => [index, id])).toEqual([
      [0, "A"],
      [4, "C"],
    ]);
    expect(choose(2).length).toBe(4);
    expect(choose(99).map(({ crop: { index } }) => index)).toEqual([0, 4, 1, 2, 3]);
  });

  it("are the same at every validation", () => {
    expect(choose(99)).toEqual(choose(99));
    const pairedProteins = Array.from({ length: 20 }, (_, seed) => choose(99, seed)[2]!.protein.id);
    expect(new Set(pairedProteins)).toEqual(new Set(["A", "B"])); // of one compartment, by the seed
  });
});

describe("the scores of pairs", () => {
  const known = (index: number, of: typeof npm1): Pair => ({ crop: cropOf(index, of), protein: of });
  const rows = (...values: number[][]) => values.map((row) => Float32Array.from(row));

  it("are the retrieval of one by the other, and its chance", () => {
    // Columns are the proteins of the pairs: the third is that of the first again.
    const pairs = [known(0, npm1), known(1, actb), known(2, npm1)];
    const scores = scorePairs(pairs, rows([3, 1, 3], [2, 5, 2], [1, 4, 1]));
    expect(scores["imageToProtein.recall1"]).toBeCloseTo(2 / 3, 12);
    expect(scores["imageToProtein.chanceRecall1"]).toBeCloseTo(1 / 2, 12);
    expect(scores["imageToProtein.medianRank"]).toBe(1);
    expect(scores["proteinToImage.recall1"]).toBe(1); // each protein has its image on top
    expect(scores["proteinToImage.chanceRecall1"]).toBeCloseTo((2 / 3 + 1 / 3) / 2, 12);
    expect(scores["known.imageToProtein.recall1"]).toBe(scores["imageToProtein.recall1"]);
  });

  it("take every protein of its compartment for correct where an image states no more, and score the others separately", () => {
    const unknown: Pair = { crop: cropIn(3, "nucleolus"), protein: fbl };
    const pairs = [known(0, npm1), known(1, actb), unknown];
    // The unknown image prefers the other protein of the nucleolus to the one it was given.
    const scores = scorePairs(pairs, rows([3, 1, 2], [2, 5, 1], [9, 1, 4]));
    expect(scores["imageToProtein.recall1"]).toBe(1);
    expect(scores["imageToProtein.chanceRecall1"]).toBeCloseTo((1 / 3 + 1 / 3 + 2 / 3) / 3, 12);
    expect(scores["known.imageToProtein.chanceRecall1"]).toBeCloseTo(1 / 2, 12);
  });

  it("have no part of known proteins where there is one at most", () => {
    const scores = scorePairs([known(0, npm1), known(1, npm1)], rows([1, 1], [1, 1]));
    expect(Object.keys(scores).some((name) => name.startsWith("known."))).toBe(false);
    expect(scores["imageToProtein.recall1"]).toBe(1);
    expect(scorePairs([], [])).toEqual({});
  });
});
