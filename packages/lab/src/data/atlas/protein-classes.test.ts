import { describe, expect, it } from "vitest";
import { crop } from "../../testing/atlas-fixture.ts";
import { proteinWeights, splitByProtein } from "./protein-classes.ts";
import type { Crop } from "./tables.ts";

const options = { validationShare: 0.2, seed: 1 };
const indices = (crops: readonly Crop[]) => crops.map(({ index }) => index).sort((a, b) => a - b);

/** Crops of one gene, each in the field that is named. */
const ofGene = (gene: string, first: number, fields: readonly string[]): Crop[] =>
  fields.map((fieldOfView, i) => crop({ index: first + i, gene, fieldOfView, split: "train" }));

describe("splitByProtein", () => {
  it("makes every known gene a class, in alphabetical order, whatever the atlas's split", () => {
    const crops = [
      crop({ index: 0, gene: "TERF1", split: "val" }),
      crop({ index: 1, gene: "ACTB" }),
      crop({ index: 2 }),
    ];
    const { genes, training, validation } = splitByProtein(crops, options);
    expect(genes).toEqual(["ACTB", "TERF1"]);
    expect(indices(training)).toEqual([0, 1, 2]); // a protein of one crop is learned, not judged
    expect(validation).toEqual([]);
  });

  it("holds out whole fields of a protein that has several", () => {
    const fields = ["a", "a", "a", "b", "b", "b", "c", "c", "c"];
    const { training, validation } = splitByProtein(ofGene("ACTB", 0, fields), options);
    expect(validation).toHaveLength(3);
    expect(new Set(validation.map(({ fieldOfView }) => fieldOfView)).size).toBe(1);
    const learned = new Set(training.map(({ fieldOfView }) => fieldOfView));
    expect(validation.some(({ fieldOfView }) => learned.has(fieldOfView))).toBe(false);
  });

  it("holds out crops of a protein that has one field: its share, at least one, never all", () => {
    for (const [count, heldOut] of [
      [10, 2],
      [3, 1],
      [2, 1],
      [1, 0],
    ] as const) {
      const crops = ofGene("ACTB", 0, Array<string>(count).fill("only"));
      const { training, validation } = splitByProtein(crops, options);
      expect([training.length, validation.length]).toEqual([count - heldOut, heldOut]);
    }
    const greedy = splitByProtein(ofGene("ACTB", 0, ["f", "f"]), { ...options, validationShare: 1 });
    expect(greedy.training).toHaveLength(1);
  });

  it("is the same for the same seed and another for another", () => {
    const crops = ofGene("ACTB", 0, Array<string>(40).fill("only"));
    const heldOut = (seed: number) => indices(splitByProtein(crops, { ...options, seed }).validation);
    expect(heldOut(1)).toEqual(heldOut(1));
    expect(heldOut(1)).not.toEqual(heldOut(2));
  });

  it("gives crops of unknown protein the split of the atlas, and validates on single cells alone", () => {
    const crops = [
      crop({ index: 0, split: "train" }),
      crop({ index: 1, split: "train", isBlend: true }),
      crop({ index: 2, split: "val" }),
      crop({ index: 3, split: "val", isBlend: true }),
    ];
    const { training, validation } = splitByProtein(crops, options);
    expect(indices(training)).toEqual([0, 1]);
    expect(indices(validation)).toEqual([2]);
  });
});

describe("proteinWeights", () => {
  const crops = [
    ...ofGene("ACTB", 0, ["a", "a", "a"]),
    ...ofGene("TERF1", 3, ["b"]),
    crop({ index: 4 }),
    crop({ index: 5 }),
    crop({ index: 6, isBlend: true }),
  ];
  const weights = Float64Array.of(1, 1, 2, 5, 3, 1, 9);

  it("shows proteins equally often, with their crops and the others as they were", () => {
    const result = [...proteinWeights(crops, weights, 0.6)];
    for (const [i, expected] of [0.075, 0.075, 0.15, 0.3, 0.3, 0.1, 9].entries())
      expect(result[i]).toBeCloseTo(expected, 12);
  });

  it("shows known proteins alone where there is nothing else", () => {
    const known = proteinWeights(crops.slice(0, 4), weights.slice(0, 4), 0.6);
    expect(known.reduce((total, weight) => total + weight, 0)).toBeCloseTo(1, 12);
  });

  it("never shows what has no weight", () => {
    const result = proteinWeights(crops, Float64Array.of(0, 0, 0, 5, 3, 1, 9), 0.6);
    expect([...result.subarray(0, 3)]).toEqual([0, 0, 0]);
    expect(result[3]).toBeCloseTo(0.6, 12);
  });
});
