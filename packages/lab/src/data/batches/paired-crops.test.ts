import { describe, expect, it } from "vitest";
import { crop, protein } from "../../testing/atlas-fixture.ts";
import { pairCrops, validationPair } from "./paired-crops.ts";
import { createPairing } from "./pairs.ts";

const proteins = Array.from({ length: 5 }, (_, index) => protein({ id: `P${index}`, uniprot: `P${index}` }));
const pairing = createPairing(proteins);
const crops = Array.from({ length: 20 }, (_, index) => crop({ index }));
const idsOf = (pairs: readonly ({ protein: { id: string } } | undefined)[]) =>
  pairs.map((pair) => pair?.protein.id);

describe("pairCrops", () => {
  it("pairs each crop with one of its proteins, by the seed and the step", () => {
    const at = (seed: number, step: number) => idsOf(pairCrops(pairing, crops, { seed, step }));
    expect(at(1, 2)).toEqual(at(1, 2));
    expect(at(1, 3)).not.toEqual(at(1, 2));
    expect(at(2, 2)).not.toEqual(at(1, 2));
    expect(new Set(at(1, 2)).size).toBeGreaterThan(2);
  });

  it("refuses a crop without a protein", () => {
    const lost = [crop({ index: 7, primary: "ER" })];
    expect(() => pairCrops(pairing, lost, { seed: 1, step: 0 })).toThrow("crop 7 has no training protein");
  });
});

describe("validationPair", () => {
  it("pairs a crop with one protein, by the seed alone", () => {
    const pairs = (seed: number) => idsOf(crops.map((one) => validationPair(pairing, one, seed)));
    expect(pairs(1)).toEqual(pairs(1));
    expect(pairs(2)).not.toEqual(pairs(1));
    expect(idsOf([validationPair(pairing, crops[9]!, 1)])).toEqual([pairs(1)[9]]);
  });

  it("is undefined for a crop without a protein", () => {
    expect(validationPair(pairing, crop({ primary: "ER" }), 1)).toBeUndefined();
  });
});
