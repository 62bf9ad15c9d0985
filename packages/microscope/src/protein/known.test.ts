import { homologDefaults, type LoadedHomologs, openHomologs } from "@proteoscope/models";
import { describe, expect, it } from "vitest";
import { describeKnown, findAnnotatedProtein, knownProtein, nearProtein } from "./known.ts";

const wild = "MTEYKLVVVGAGGVGKSALTIQLIQNHFVDEYDPTIEDSYRKQVVIDGETCLLDILDTAGQEEYSAMRDQYMRTGEGFLC";
const other = "MKRPAATKKAGQAKKKKLDKWWHWWHHWWHHHWWHHHHMLLLARCLLLVLVSSLLVCSGDEDEDEKRKRKRPPPPGGGGQ";
const rows = [
  {
    sequence: wild,
    gene: "RAS",
    accession: "P2",
    source: "listed",
    compartments: [{ name: "whole", grade: null }],
  },
  {
    ...{ sequence: wild, gene: "RAS", accession: "P1", source: "graded" },
    compartments: [
      { name: "ER", grade: 3 },
      { name: "Golgi", grade: 3 },
      { name: "nucleus", grade: 1 },
    ],
  },
  { sequence: other, gene: "", accession: "P3", source: "listed", compartments: [] },
  {
    sequence: wild.slice(0, 30),
    gene: "RAS",
    accession: "E1",
    source: "listed",
    compartments: [{ name: "ER", grade: null }],
  },
];
const text = rows.map(({ sequence }) => sequence);
const homologs: LoadedHomologs = {
  config: { ...homologDefaults, labels: ["nucleus", "ER", "Golgi"] },
  proteins: {
    sequences: new TextEncoder().encode(text.join("")),
    ends: Int32Array.from(text, (_, row) => text.slice(0, row + 1).join("").length),
    shares: Float32Array.from({ length: 12 }, (_, i) => (i % 3 === 0 ? 1 : 0)),
  },
  sources: [
    { key: "graded", title: "Graded", unresolved: [] },
    { key: "listed", title: "Listed", unresolved: [{ name: "whole", members: ["nucleus", "ER"] }] },
  ],
  annotations: rows.map(({ sequence: _, ...annotation }, row) => ({
    ...annotation,
    organism: row < 2 ? "human" : "",
  })),
};
const index = openHomologs(homologs.config, homologs.proteins);
const nearOf = (sequence: string) => nearProtein(homologs, sequence, index.score(sequence).candidates);

describe("knownProtein", () => {
  it("has the annotations of exactly this sequence, that of the source that counts first before the others", () => {
    expect(knownProtein(homologs, wild)).toEqual({
      ...{ accession: "P1", gene: "RAS", organism: "human" },
      annotations: [
        { source: "Graded", compartments: rows[1]!.compartments },
        { source: "Listed", compartments: [{ name: "whole", grade: null }] },
      ],
    });
    expect(describeKnown(knownProtein(homologs, wild)!)).toBe(
      "ER, Golgi (Graded, grade 3), nucleus (Graded, grade 1); whole (Listed)",
    );
  });

  it("knows no other sequence, and none without a label", () => {
    for (const sequence of [`${wild.slice(0, 11)}V${wild.slice(12)}`, wild.slice(1), `${wild}M`, other])
      expect(knownProtein(homologs, sequence)).toBeUndefined();
    expect(knownProtein({ ...homologs, annotations: [] }, wild)).toBeUndefined();
  });
});

describe("nearProtein", () => {
  it.each([
    ["a mutant", `${wild.slice(0, 11)}V${wild.slice(12)}`],
    ["a deletion", wild.slice(0, 20) + wild.slice(40)],
    ["a fragment", wild.slice(35, 70)],
    ["a fusion", `MVSKGEELFTGVVPILVELDGDVNGHKFSVSGEGEGDATYGKL${wild}`],
  ])("finds the wild type of %s", (_, sequence) => {
    const near = nearOf(sequence)!;
    expect(near.protein).toEqual(knownProtein(homologs, wild));
    expect(near.sharedKmers).toBeGreaterThanOrEqual(0.9);
  });

  it("finds none for a sequence with spread substitutions, a short one or one of its own", () => {
    const ortholog = [...wild].map((residue, i) => (i % 12 === 5 ? "A" : residue)).join("");
    expect(index.score(ortholog).nearest).toBeGreaterThan(0.3);
    for (const sequence of [ortholog, wild.slice(0, 15), [...wild].reverse().join("")])
      expect(nearOf(sequence)).toBeUndefined();
  });

  it("is without an annotation where the model has none of it", () => {
    expect(nearOf(`${other}A`)).toMatchObject({ protein: null });
    const bare = { ...homologs, annotations: [] };
    expect(nearProtein(bare, `${wild}A`, index.score(`${wild}A`).candidates)).toMatchObject({
      protein: null,
    });
  });
});

describe("findAnnotatedProtein", () => {
  it("finds a gene or an accession in any letter case, by the first source and then the longest", () => {
    expect(findAnnotatedProtein(homologs, "ras")).toEqual({
      ...{ accession: "P1", gene: "RAS", organism: "human", sequence: wild },
    });
    expect(findAnnotatedProtein(homologs, "p3")).toEqual({
      ...{ accession: "P3", gene: undefined, organism: undefined, sequence: other },
    });
    expect(findAnnotatedProtein(homologs, "e1")!.sequence).toHaveLength(30);
  });

  it("finds none of another name, or of another organism", () => {
    expect(findAnnotatedProtein(homologs, "")).toBeUndefined();
    expect(findAnnotatedProtein(homologs, "RAF")).toBeUndefined();
    expect(findAnnotatedProtein(homologs, "RAS", { organism: "mouse" })).toBeUndefined();
    expect(findAnnotatedProtein(homologs, "P3", { organism: "human" })).toBeUndefined();
    expect(findAnnotatedProtein(homologs, "RAS", { organism: "human" })).toBeDefined();
  });
});
