import { describe, expect, it } from "vitest";
import { crop, protein } from "../../testing/atlas-fixture.ts";
import { chooseNegatives, isKnownPair, mayShow, negativePairs, type Pair } from "./negative-pairs.ts";

const labels = (...names: string[]) => names.map((name) => ({ name, weight: 3 }));
const npm1 = protein({ id: "A", uniprot: "P06748", labels: labels("nucleolus", "nucleoplasm") });
const fbl = protein({ id: "B", uniprot: "P22087", labels: labels("nucleolus") });
const actb = protein({ id: "C", uniprot: "P60709", labels: labels("cytoskeleton") });

const known = (of: typeof npm1): Pair => ({
  crop: crop({ uniprot: of.uniprot, labels: of.labels }),
  protein: of,
});
/** An image that states its compartment alone, with a protein that was sampled for it. */
const unknown = (name: string, pairedProtein: typeof npm1): Pair => ({
  crop: crop({ labels: [{ name, weight: 1 }] }),
  protein: pairedProtein,
});

describe("an image of a known protein", () => {
  it("shows that protein and no other, of its compartment or not", () => {
    expect(isKnownPair(known(npm1))).toBe(true);
    expect([npm1, fbl, actb].map((other) => mayShow(known(npm1), other))).toEqual([true, false, false]);
    expect(mayShow(known(npm1), { ...npm1, id: "another record" })).toBe(true);
  });
});

describe("an image of an unknown protein", () => {
  it("may show any protein of its compartments", () => {
    const pair = unknown("nucleolus", fbl);
    expect(isKnownPair(pair)).toBe(false);
    expect([npm1, fbl, actb].map((other) => mayShow(pair, other))).toEqual([true, true, false]);
  });

  it("may show the protein that it is paired with, whatever its labels", () => {
    expect(mayShow(unknown("Golgi", actb), actb)).toBe(true);
  });

  it("is one whose own protein is not among those that may be learned from", () => {
    const heldOut: Pair = {
      ...unknown("nucleolus", fbl),
      crop: crop({ uniprot: "P0", labels: labels("nucleolus") }),
    };
    expect(isKnownPair(heldOut)).toBe(false);
    expect(mayShow(heldOut, npm1)).toBe(true);
  });
});

describe("the negatives of a batch", () => {
  const batch = [known(npm1), known(npm1), known(actb), unknown("nucleolus", fbl)];

  it("are no images of the same protein, and for an unknown image none of its compartment", () => {
    const { dtype, shape, data } = negativePairs(batch);
    expect([dtype, shape]).toEqual(["bool", [4, 4]]);
    expect(
      Array.from({ length: 4 }, (_, i) => Array.from((data as Uint8Array).slice(4 * i, 4 * i + 4))),
    ).toEqual([
      [0, 0, 1, 1],
      [0, 0, 1, 1],
      [1, 1, 0, 1],
      [0, 0, 1, 0],
    ]);
  });

  it("are for the triplet loss the next image that cannot show the protein", () => {
    const { negative, weights } = chooseNegatives(batch);
    // The last image may show what the first two do; the third cannot.
    expect(Array.from(negative.data as Int32Array)).toEqual([2, 2, 3, 0]);
    expect(Array.from(weights.data as Float32Array)).toEqual([1, 1, 1, 1]);
  });

  it("may be missing", () => {
    const { negative, weights } = chooseNegatives([known(npm1), known(npm1)]);
    expect(Array.from(weights.data as Float32Array)).toEqual([0, 0]);
    expect(Array.from(negative.data as Int32Array)).toEqual([0, 0]);
    expect(Array.from(negativePairs([known(npm1), known(npm1)]).data as Uint8Array)).toEqual([0, 0, 0, 0]);
  });
});
