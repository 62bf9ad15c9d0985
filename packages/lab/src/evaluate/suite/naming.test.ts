import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { type NamedImage, namedDistance, topKCurves } from "./naming.ts";

const proteins = Array.from({ length: 12 }, (_, i) => `P${i}`);
const embeddingOf = (protein: string, spread: number, seed: number) => {
  const centre = createGenerator(Number(protein.slice(1)), "centre").normal(6);
  return createGenerator(seed, protein)
    .normal(6)
    .map((noise, i) => spread * centre[i]! + noise);
};
const image = (protein: string, subject: string, spread: number, seed: number): NamedImage => ({
  ...{ protein, subject, set: subject === "real" ? "all" : "unseen" },
  encoded: { embedding: embeddingOf(protein, spread, seed) },
});
const real = proteins.flatMap((protein) => [1, 2, 3].map((seed) => image(protein, "real", 5, seed)));

describe("naming by the nearest protein", () => {
  it("names images that lie at their protein, each real one without itself in the mean", () => {
    const generated = proteins.map((protein) => image(protein, "generated", 5, 9));
    const curves = topKCurves("x", undefined, [...real, ...generated]);
    expect(curves.map(({ subject, gallery, images }) => [subject, gallery, images])).toEqual([
      ["real", 12, 36],
      ["generated", 12, 12],
    ]);
    for (const { shares } of curves) expect(shares[0]).toBeGreaterThan(0.9);
  });

  it("follows chance for images of nothing", () => {
    const random = proteins.flatMap((protein) =>
      Array.from({ length: 40 }, (_, seed) => image(protein, "generated", 0, 100 + seed)),
    );
    const { shares, chance } = topKCurves("x", undefined, [...real, ...random])[1]!;
    expect(chance[5]).toBe(0.5);
    expect(Math.abs(shares[5]! - 0.5)).toBeLessThan(0.15);
    expect(shares).toHaveLength(12);
  });

  it("leaves out proteins without a real image, and is none for one protein", () => {
    const stranger = image("P99", "generated", 5, 1);
    expect(topKCurves("x", undefined, [...real, stranger]).map(({ subject }) => subject)).toEqual(["real"]);
    expect(topKCurves("x", undefined, real.slice(0, 3))).toEqual([]);
  });
});

describe("naming by a classifier of proteins", () => {
  it("ranks the logit of the right protein, of those that it knows", () => {
    const logits = Float32Array.from(proteins, (_, i) => -i);
    const named = ["P0", "P3", "P99"].map((protein) => ({
      ...image(protein, "generated", 1, 1),
      encoded: { embedding: new Float32Array(6), proteinLogits: logits },
    }));
    const [curve] = topKCurves("cytoself", proteins, named);
    expect(curve).toMatchObject({ method: "protein classifier", images: 2, gallery: 12 });
    expect(curve!.shares.slice(0, 4)).toEqual([0.5, 0.5, 0.5, 1]);
    const byGene = named.map((one, i) => ({ ...one, protein: `accession ${i}`, gene: one.protein }));
    expect(topKCurves("cytoself", proteins, byGene)).toEqual([curve]);
  });
});

it("distances have their subject, and there are none of a single protein", () => {
  const pairs = proteins.slice(0, 6).map((protein) => ({
    ...{
      protein,
      real: { embedding: embeddingOf(protein, 5, 1) },
      image: { embedding: embeddingOf(protein, 5, 2) },
    },
  }));
  const key = { by: "x", subject: "generated", set: "unseen" } as const;
  const [found] = namedDistance(key, pairs, 0);
  expect(found).toMatchObject({ ...key, proteins: 6, pairs: 6 });
  expect(found!.paired).toBeLessThan(found!.shuffled);
  expect(namedDistance(key, pairs.slice(0, 1), 0)).toEqual([]);
});
