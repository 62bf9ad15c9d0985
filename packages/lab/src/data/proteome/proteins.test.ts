import { describe, expect, it } from "vitest";
import { groupBy } from "../group-by.ts";
import { simulateProtein } from "./proteins.ts";
import { phenotypeOf, ruledCompartments } from "./rule.ts";
import { signalPlaces } from "./signals.ts";

const proteins = Array.from({ length: 600 }, (_, index) => simulateProtein(3, index));

describe("a simulated protein", () => {
  it("is a function of seed and number", () => {
    expect(simulateProtein(3, 77)).toEqual(proteins[77]);
    expect(simulateProtein(4, 77).sequence).not.toBe(proteins[77]!.sequence);
    expect(new Set(proteins.map(({ sequence }) => sequence)).size).toBe(proteins.length);
    for (const { sequence } of proteins) expect(sequence).toMatch(/^M[ACDEFGHIKLMNPQRSTVWY]{60,430}$/);
  });

  it("has its signals where the table says", () => {
    for (const { sequence, signals } of proteins)
      for (const { name, begin, end } of signals) {
        if (signalPlaces[name] === "start") expect(begin).toBe(0);
        if (signalPlaces[name] === "end") expect(end).toBe(sequence.length);
        const residues = sequence.slice(begin, end);
        if (name === "pts1") expect(residues).toMatch(/^[SAP][KR][LM]$/);
        if (name === "kdel") expect(residues).toMatch(/^(K|R|H)[DE]EL$/);
        if (name === "caax") expect(residues).toMatch(/^[KSGT]{6}C[VI][ILV][MS]$/);
        if (name === "nls") expect(residues).toMatch(/^P[KR]{4,7}V[ESTD]$/);
        if (name === "presequence") expect(residues).not.toMatch(/[DE]/);
      }
  });

  it("shows what the rule makes of its signals, in shares that sum to 1", () => {
    for (const { sequence, signals, phenotype } of proteins) {
      expect(phenotypeOf(sequence, signals)).toEqual(phenotype);
      const shares = ruledCompartments.map((name) => phenotype.mixture[name]);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    }
    const primaries = new Set(
      proteins.map(({ phenotype }) =>
        ruledCompartments.reduce((a, b) => (phenotype.mixture[b] > phenotype.mixture[a] ? b : a)),
      ),
    );
    expect(primaries.size).toBe(ruledCompartments.length);
  });

  it("is in one homology partition with its family, whose members resemble it and no other protein", () => {
    const families = groupBy(proteins, ({ family }) => family);
    const words = (sequence: string) =>
      new Set(Array.from({ length: sequence.length - 4 }, (_, i) => sequence.slice(i, i + 5)));
    const alike = (a: string, b: string) => [...words(a)].filter((word) => words(b).has(word)).length;
    expect(families.size).toBeGreaterThan(150);
    for (const members of families.values())
      expect(new Set(members.map(({ partition }) => partition)).size).toBe(1);
    const [first, second] = [...families.values()].filter(({ length }) => length > 3);
    expect(alike(first![0]!.sequence, first![1]!.sequence)).toBeGreaterThan(5);
    expect(alike(first![0]!.sequence, second![0]!.sequence)).toBeLessThan(5);
    expect(new Set(proteins.map(({ partition }) => partition))).toEqual(new Set([0, 1, 2, 3, 4]));
  });
});

describe("the rule", () => {
  const body = "MSDERTLVHWPE".repeat(20);
  const mixture = (...signals: [Parameters<typeof phenotypeOf>[1][number]["name"], number][]) =>
    phenotypeOf(
      body,
      signals.map(([name, strength]) => ({ name, strength, begin: 0, end: 4 })),
    ).mixture;

  it.each([
    [[["presequence", 1]], "mitochondria"],
    [
      [
        ["signal_peptide", 1],
        ["kdel", 1],
      ],
      "ER",
    ],
    [[["signal_peptide", 1]], "vesicles"],
    [[["tm_golgi", 1]], "Golgi"],
    [[["tm_plasma_membrane", 1]], "plasma_membrane"],
    [[["caax", 1]], "plasma_membrane"],
    [[["pts1", 1]], "vesicles"],
    [[["nls", 0.6]], "nucleoplasm"],
    [[["nls", 1]], "nucleolus"],
    [[["nes", 1]], "cytoplasm"],
    [
      [
        ["tm_golgi", 1],
        ["nls", 1],
      ],
      "nuclear_membrane",
    ],
    [[], "cytoplasm"],
  ] as const)("sends %j to the %s", (signals, expected) => {
    const shares = mixture(...(signals as never as Parameters<typeof mixture>));
    expect(ruledCompartments.reduce((a, b) => (shares[b] > shares[a] ? b : a))).toBe(expected);
  });

  it("makes more of a stronger signal, and lets signals compete", () => {
    expect(mixture(["presequence", 0.9]).mitochondria).toBeGreaterThan(
      mixture(["presequence", 0.4]).mitochondria,
    );
    expect(mixture(["nls", 0.6], ["nes", 0.8]).nucleoplasm).toBeLessThan(mixture(["nls", 0.6]).nucleoplasm);
    expect(mixture(["signal_peptide", 1], ["nls", 0.6]).nucleoplasm).toBeLessThan(0.25);
  });

  it("reads granularity off a tract of Q and N, abundance off the share of A and G", () => {
    expect(phenotypeOf(body, []).granularity).toBe(0);
    expect(phenotypeOf(`${body}${"QN".repeat(10)}`, []).granularity).toBe(0.5);
    expect(phenotypeOf(`${body}${"AG".repeat(20)}`, []).abundance).toBeGreaterThan(
      phenotypeOf(body, []).abundance,
    );
  });
});
