import { describe, expect, it } from "vitest";
import type { Crop, Protein } from "../../data/atlas/tables.ts";
import { protein, randomSequence } from "../../testing/atlas-fixture.ts";
import type { KnownCrop } from "../sets.ts";
import { openRealBounds, realBounds } from "./real-bounds.ts";

const [ofCompartment, ofNearest] = realBounds;
const golgi = { name: "Golgi", members: ["Golgi"] };

const cropOf = (index: number, uniprot: string | undefined, primary: string, changes: Partial<Crop> = {}) =>
  ({ index, uniprot, primary, isBlend: false, fieldOfView: `field ${index}`, ...changes }) as Crop;
const proteins = Array.from({ length: 6 }, (_, i) =>
  protein({ id: `id ${i}`, uniprot: `P${i}`, sequence: randomSequence(i, 80) }),
);
const crops = [
  ...proteins.flatMap(({ uniprot }, i) =>
    [0, 1].map((copy) => cropOf(2 * i + copy, uniprot, i < 3 ? "Golgi" : "ER")),
  ),
  cropOf(12, undefined, "Golgi"),
  cropOf(13, "P0", "Golgi", { isBlend: true }),
];
const knownOf = (crop: Crop): KnownCrop => ({
  ...{ crop, isSeen: true, protein: proteins.find(({ uniprot }) => uniprot === crop.uniprot)! },
});
const data = { trainingCrops: crops, knownCrops: crops.slice(0, 12).map(knownOf) };
const find = openRealBounds(data, 0);
/** A relative of protein 4: half of its residues. */
const relative = { uniprot: "NEW", sequence: proteins[4]!.sequence.slice(0, 40) + randomSequence(99, 40) };

describe("the real images that bound a protein's figures", () => {
  it("are of its compartment, and of the training protein with the most similar sequence", () => {
    for (const id of ["a", "b", "c"]) {
      const bounds = find({ ...relative, id, label: golgi });
      expect(bounds[ofCompartment]!.primary).toBe("Golgi");
      expect(bounds[ofCompartment]!.isBlend).toBe(false);
      expect(bounds[ofNearest]!.uniprot).toBe("P4");
    }
  });

  it("are never of the protein itself", () => {
    const own: Protein = proteins[0]!;
    const several = Array.from({ length: 30 }, (_, i) => find({ ...own, id: `${i}`, label: golgi }));
    for (const bounds of several) {
      expect(bounds[ofCompartment]!.uniprot).not.toBe("P0");
      expect(bounds[ofNearest]?.uniprot).not.toBe("P0");
    }
    expect(new Set(several.map((bounds) => bounds[ofCompartment]!.index)).size).toBeGreaterThan(2);
  });

  it("are the same for a seed and an id", () => {
    const chosen = (seed: number) => {
      const bounds = openRealBounds(data, seed);
      return Array.from({ length: 10 }, (_, i) => bounds({ ...relative, id: `${i}`, label: golgi }));
    };
    expect(chosen(0)).toEqual(chosen(0));
    expect(chosen(0)).not.toEqual(chosen(1));
  });

  it("are absent where nothing fits: no label, no crop of the compartment, no similar sequence", () => {
    expect(find({ ...relative, id: "a", label: undefined })[ofCompartment]).toBeUndefined();
    const centrosome = { name: "centrosome", members: ["centrosome"] };
    expect(find({ ...relative, id: "a", label: centrosome })).toEqual({ [ofNearest]: expect.anything() });
    expect(find({ uniprot: "NEW", sequence: "WWWWWWWWWW", id: "a", label: undefined })).toEqual({});
    expect(
      openRealBounds({ trainingCrops: [], knownCrops: [] }, 0)({ ...relative, id: "a", label: golgi }),
    ).toEqual({});
  });
});
