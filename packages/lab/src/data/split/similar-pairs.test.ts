import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { randomSequence } from "../../testing/atlas-fixture.ts";
import { encodeResidues, sequenceIdentity } from "./sequence-identity.ts";
import { clusterSequences, eachSimilarPair, type SimilarPair } from "./similar-pairs.ts";

const residues = "ACDEFGHIKLMNPQRSTVWY";

/** The sequence with a share of its residues replaced by others. */
function mutated(sequence: string, share: number, seed: number): string {
  const draws = createGenerator(seed, "mutation").uniform(2 * sequence.length);
  return [...sequence]
    .map((letter, at) => {
      if (draws[2 * at]! >= share) return letter;
      const others = residues.replace(letter, "");
      return others[Math.floor(draws[2 * at + 1]! * others.length)]!;
    })
    .join("");
}

const identityOf = (first: string, second: string) =>
  sequenceIdentity(encodeResidues(first), encodeResidues(second));

describe("sequenceIdentity", () => {
  it("is 1 for a sequence and itself, and for a part of it", () => {
    const sequence = randomSequence(1, 120);
    expect(identityOf(sequence, sequence)).toEqual({ identity: 1, coverage: 1, columns: 120 });
    expect(identityOf(sequence, sequence.slice(30, 90))).toEqual({ identity: 1, coverage: 1, columns: 60 });
  });

  it("counts the columns of a gap", () => {
    const sequence = randomSequence(2, 100);
    const { identity, coverage } = identityOf(sequence, sequence.slice(0, 50) + sequence.slice(53));
    expect(identity).toBeCloseTo(97 / 100, 5);
    expect(coverage).toBe(1);
  });

  it.each([0.1, 0.3, 0.45])("finds a share of %f replaced residues", (share) => {
    const sequence = randomSequence(3, 400);
    const other = mutated(sequence, share, 7);
    const expected = [...sequence].filter((letter, at) => letter === other[at]).length / 400;
    expect(identityOf(sequence, other).identity).toBeCloseTo(expected, 1);
  });

  it("is low over a short stretch for unrelated sequences, and nothing for letters that are no residues", () => {
    const { identity, coverage } = identityOf(randomSequence(4, 200), randomSequence(5, 200));
    expect(identity * coverage).toBeLessThan(0.3);
    expect(identityOf("XXXX", "XXXX")).toEqual({ identity: 0, coverage: 0, columns: 0 });
  });
});

describe("similar pairs", () => {
  const family = (seed: number) => {
    const ancestor = randomSequence(seed, 250);
    return [ancestor, mutated(ancestor, 0.3, seed + 1), mutated(ancestor, 0.4, seed + 2)];
  };

  it("are found as an alignment of all pairs finds them", async () => {
    const sequences = [...family(10), ...family(20), randomSequence(30, 250), randomSequence(31, 80)];
    const pairs: SimilarPair[] = [];
    await eachSimilarPair(sequences, { identity: 0.5 }, (pair) => pairs.push(pair));
    const expected: SimilarPair[] = [];
    for (const [second, sequence] of sequences.entries())
      for (let first = 0; first < second; first++) {
        const { identity, coverage } = identityOf(sequences[first]!, sequence);
        if (identity >= 0.5 && coverage >= 0.5) expected.push({ first, second, identity });
      }
    const byPlace = (a: SimilarPair, b: SimilarPair) => a.second - b.second || a.first - b.first;
    expect(expected.length).toBeGreaterThanOrEqual(4);
    expect(pairs.sort(byPlace)).toEqual(expected.sort(byPlace));
  });

  it("are none by a short stretch alone, unless it is nearly identical", async () => {
    const peptides = Array.from({ length: 60 }, (_, at) => randomSequence(200 + at, 30));
    const pairs: SimilarPair[] = [];
    await eachSimilarPair([...peptides, mutated(peptides[0]!, 0.1, 1)], { identity: 0.5 }, (pair) =>
      pairs.push(pair),
    );
    expect(pairs.map(({ first, second }) => [first, second])).toEqual([[0, 60]]);
  });

  it("join clusters, a chain of them as well", async () => {
    const first = randomSequence(40, 200);
    const second = mutated(first, 0.35, 41);
    const third = mutated(second, 0.35, 42);
    const clusters = await clusterSequences([randomSequence(50, 200), first, third, second], {
      identity: 0.5,
    });
    expect(clusters).toEqual([0, 1, 1, 1]);
  });

  it("end when they are interrupted", async () => {
    const controller = new AbortController();
    const sequences = Array.from({ length: 40 }, (_, at) => mutated(randomSequence(60, 900), 0.2, at));
    const work = clusterSequences(sequences, { identity: 0.99, signal: controller.signal });
    controller.abort();
    await expect(work).rejects.toThrow(/abort/i);
  });
});
