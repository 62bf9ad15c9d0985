import { describe, expect, it } from "vitest";
import { compartments } from "../data/compartments.ts";
import { protein, randomSequence } from "../testing/atlas-fixture.ts";
import { openKmerBaseline, openKmerIndex } from "./kmer-baseline.ts";

describe("the nearest by k-mers", () => {
  const find = openKmerIndex(["ACDEFG", "ACDEKK", "WWWWWW", "ACD"]);

  it("are those that share most of theirs, by Jaccard's index", () => {
    // ACDE CDEF DEFG; ACDE CDEK DEKK: one shared of five.
    expect(find("ACDEFG")).toEqual([
      { position: 0, likeness: 1 },
      { position: 1, likeness: 1 / 5 },
    ]);
    expect(find("WWWWW")).toEqual([{ position: 2, likeness: 1 }]);
  });

  it("are none where nothing is shared, or a sequence is too short", () => {
    expect(find("HHHHHH")).toEqual([]);
    expect(find("ACD")).toEqual([]);
  });

  it("are ten at most", () => {
    const many = openKmerIndex(Array.from({ length: 30 }, () => "ACDEFG"));
    expect(many("ACDE").map(({ position }) => position)).toEqual([...Array(10).keys()]);
  });
});

describe("the baseline", () => {
  const family = (seed: number) => randomSequence(seed, 60);
  const nucleolar = protein({ sequence: family(1), labels: [{ name: "nucleolus", weight: 3 }] });
  const nuclear = protein({
    ...{ sequence: family(2), source: "deeploc2-swissprot" },
    labels: [{ name: "nucleoplasm", weight: 1 }],
  });
  const baseline = openKmerBaseline([nucleolar, nuclear]);
  const logit = (logits: Float32Array, name: (typeof compartments)[number]) =>
    logits[compartments.indexOf(name)]!;

  it("takes a relative's labels, a whole for its first part", () => {
    const relative = baseline(`${family(1).slice(0, 50)}WWWWWWWWWW`);
    expect(logit(relative, "nucleolus")).toBeCloseTo(Math.log(99), 4);
    expect(logit(relative, "nucleoplasm")).toBeCloseTo(-Math.log(99), 4);
    expect(logit(baseline(family(2)), "nucleoplasm")).toBeCloseTo(Math.log(99), 4);
  });

  it("weighs several relatives by likeness", () => {
    const both = baseline(family(1).slice(0, 40) + family(2).slice(0, 20));
    expect(logit(both, "nucleolus")).toBeGreaterThan(0);
    expect(logit(both, "nucleoplasm")).toBeLessThan(0);
    expect(logit(both, "nucleoplasm")).toBeGreaterThan(-4);
  });

  it("says nothing for any compartment without a relative", () => {
    expect(new Set(baseline("HHHHHHHH")).size).toBe(1);
  });
});
