import { describe, expect, it } from "vitest";
import { blosum62, conservativeSubstitutes } from "./blosum62.ts";

const residues = "ACDEFGHIKLMNPQRSTVWY";

describe("BLOSUM62", () => {
  it("is symmetric, and largest for a residue with itself", () => {
    for (const first of residues)
      for (const second of residues) {
        expect(blosum62(first, second), first + second).toBe(blosum62(second, first));
        if (first !== second) expect(blosum62(first, second)).toBeLessThan(blosum62(first, first));
      }
  });

  it("has the published scores", () => {
    const diagonal = Object.fromEntries(
      [...residues].map((residue) => [residue, blosum62(residue, residue)]),
    );
    expect(diagonal).toEqual({
      ...{ A: 4, C: 9, D: 6, E: 5, F: 6, G: 6, H: 8, I: 4, K: 5, L: 4 },
      ...{ M: 5, N: 6, P: 7, Q: 5, R: 5, S: 4, T: 5, V: 4, W: 11, Y: 7 },
    });
    expect([blosum62("I", "V"), blosum62("K", "R"), blosum62("W", "P"), blosum62("G", "I")]).toEqual([
      3, 2, -4, -4,
    ]);
  });

  it("knows no other letters", () => {
    expect(() => blosum62("X", "A")).toThrow(/no score of X and A/);
    expect(() => blosum62("A", "")).toThrow(RangeError);
  });
});

describe("conservative substitutes", () => {
  const of = (residue: string) => conservativeSubstitutes(residue).map((substitute) => substitute.residue);

  it("are those with a score above 0, by their odds", () => {
    expect(conservativeSubstitutes("I")).toEqual([
      { residue: "L", odds: 2 },
      { residue: "M", odds: Math.SQRT2 },
      { residue: "V", odds: 2 ** 1.5 },
    ]);
    expect(of("K")).toEqual(["R", "Q", "E"]);
  });

  it("are none for residues that nothing stands for", () => {
    expect([..."CGPXBU"].flatMap(of)).toEqual([]);
  });
});
