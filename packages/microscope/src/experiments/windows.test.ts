import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { nearestComposition } from "./edits.ts";
import { parseVariant } from "./variants.ts";
import { changeStretch, placeWindows, scanModes, windowVariant } from "./windows.ts";

const random = createGenerator(1, "test");
const sequence = "MKRSTAYVLWGG";

describe("windows", () => {
  it("begin behind the methionine and reach the last residue whatever the stride", () => {
    expect(placeWindows(sequence, 4, 3).map(({ begin, end }) => [begin, end])).toEqual([
      [1, 5],
      [4, 8],
      [7, 11],
      [8, 12],
    ]);
    expect(placeWindows("AAAA", 4, 1)).toEqual([{ begin: 0, end: 4 }]);
  });

  it("that do not fit are refused by the field", () => {
    expect(() => placeWindows("MAAA", 4, 1)).toThrow(
      expect.objectContaining({
        kind: "usage",
        field: "windowResidues",
        message: expect.stringContaining("3 residues"),
      }),
    );
  });
});

describe("a mode", () => {
  const stretch = { begin: 1, end: 5 };
  it("deletes, replaces by alanine, or leaves the window alone behind the methionine", () => {
    expect(changeStretch(sequence, stretch, "delete", random)).toBe("MAYVLWGG");
    expect(changeStretch(sequence, stretch, "alanine", random)).toBe("MAAAAAYVLWGG");
    expect(changeStretch(sequence, { begin: 5, end: 8 }, "fragment", random)).toBe("MAYV");
  });

  it("shuffles the window's own residues", () => {
    const shuffled = changeStretch(sequence, { begin: 1, end: 12 }, "shuffle", random);
    expect(shuffled).not.toBe(sequence);
    expect([...shuffled].sort()).toEqual([...sequence].sort());
    expect(shuffled[0]).toBe("M");
  });

  it("substitutes every residue of the window and no other", () => {
    const changed = changeStretch(sequence, stretch, "substitute", random);
    for (const [index, residue] of [...sequence].entries())
      expect(changed[index] === residue).toBe(index < stretch.begin || index >= stretch.end);
  });
});

describe("the nearest composition", () => {
  it("is found wherever it stands, in any order of its residues", () => {
    expect(nearestComposition("MGGGGKRKRGGGG", "RRKK", random)).toEqual({ begin: 5, end: 9 });
    expect(nearestComposition("MGGGGKRKSGGGG", "RRKK", random)).toEqual({ begin: 5, end: 9 });
  });

  it("is a random one of equal places", () => {
    const places = Array.from(
      { length: 40 },
      (_, index) => nearestComposition("MKGGKGGK", "K", createGenerator(index, "place")).begin,
    );
    expect([...new Set(places)].sort()).toEqual([1, 4, 7]);
  });
});

describe("the variant of a window", () => {
  it("is the change that the scan made, where that is not random", () => {
    for (const mode of scanModes)
      for (const [begin, end] of [
        [1, 5],
        [3, 4],
      ] as const) {
        const residues = sequence.slice(begin, end);
        const variant = windowVariant({ first: begin + 1, last: end, residues }, mode);
        const isRandom = mode === "shuffle" || mode === "substitute";
        expect(variant === null, mode).toBe(isRandom);
        if (variant === null) continue;
        const changed = changeStretch(sequence, { begin, end }, mode, random);
        expect(parseVariant(variant, { id: "A", sequence }).sequence, variant).toBe(changed);
      }
  });
});
